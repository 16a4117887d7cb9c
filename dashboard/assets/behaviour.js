/* What happens in the browser alone: address and controls in step, arrival on a page, locks, widths. */
(function () {
  "use strict";
  const narrow = window.matchMedia("(max-width: 639px)");
  const none = () => window.dash_clientside.no_update;

  function tellWidth() {
    if (window.dash_clientside && window.dash_clientside.set_props) {
      window.dash_clientside.set_props("narrow", { data: narrow.matches });
    }
  }
  narrow.addEventListener("change", tellWidth);

  /* A query as text; commas stay commas, so that `compare=a,b` can be read. */
  const asText = (query) => (query.toString() ? "?" + query.toString().replace(/%2C/g, ",") : "");

  function address(search, values, known) {
    const query = new URLSearchParams(search || "");
    const put = (key, value, standard) => {
      if (value && value !== standard) query.set(key, value);
      else query.delete(key);
    };
    put("showing", values.showing, known.showing);
    put("against", values.against, known.against);
    put("theme", values.dark ? "dark" : "", "");
    return asText(query);
  }

  window.reallot = {
    /* The address rules when it has changed; a control rules when it has been used. */
    controls(search, showing, against, dark, _narrow, known, look) {
      const asked = new URLSearchParams(search || "");
      const used = (window.dash_clientside.callback_context.triggered || []).map((t) => t.prop_id);
      const byHand = used.some((id) => /^(showing\.value|against\.value|dark\.checked)$/.test(id)) && Boolean(look);
      const next = byHand
        ? { showing: showing, against: against, dark: Boolean(dark) }
        : {
            showing: asked.get("showing") || known.showing,
            against: asked.get("against") || known.against,
            dark: asked.get("theme") === "dark",
          };
      const scheme = next.dark ? "dark" : "light";
      document.documentElement.setAttribute("data-ag-theme-mode", scheme);
      const wanted = address(search, next, known);
      const same = look && look.scheme === scheme && look.narrow === narrow.matches;
      return [
        wanted === (search || "") ? none() : wanted,
        next.showing === showing ? none() : next.showing,
        next.against === against ? none() : next.against,
        next.dark === Boolean(dark) ? none() : next.dark,
        same ? none() : { scheme: scheme, narrow: narrow.matches },
        scheme,
      ];
    },

    /* The address with some of its words changed; a blank drops one. */
    ask(search, values) {
      const query = new URLSearchParams(search || "");
      Object.entries(values).forEach(([key, value]) => (value ? query.set(key, value) : query.delete(key)));
      const wanted = asText(query);
      return wanted === (search || "") ? none() : wanted;
    },

    /* Plans side by side: the choices of the page, then what it shows and the address. */
    sideBySide(values) {
      const [shown, search] = values.slice(-2);
      const chosen = [...new Set(values.slice(0, -2))].filter((name) => name && name !== "none").join(",");
      return chosen === shown ? none() : this.ask(search, { compare: chosen });
    },

    /* A job has begun: its place comes into view, and takes the focus that went with the button that was pressed. */
    show(job) {
      const place = document.querySelector(".job-place");
      if (job && place)
        window.requestAnimationFrame(() => {
          place.scrollIntoView({ block: "start" });
          const head = place.querySelector("h2");
          const cancel = place.querySelector("#job-cancel");
          if (document.activeElement !== document.body || !cancel || cancel.hidden) return;
          head.tabIndex = -1;
          head.focus({ preventScroll: true });
        });
      return none();
    },

    /* On another page: its name in the title, the menu shut, the page's top in view, and the focus there. */
    arrived(path) {
      const link = document.querySelector(".rail-full [aria-current=page] .name");
      document.title = (link ? link.textContent + " · " : "") + "Reallot";
      if (this.path !== undefined && this.path !== path) {
        document.querySelectorAll(".rail-menu").forEach((menu) => menu.removeAttribute("open"));
        window.scrollTo(0, 0);
        document.getElementById("main").focus({ preventScroll: true });
      }
      this.path = path;
      return none();
    },
  };

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    const open = document.querySelector(".differs[open], .rail-menu[open]");
    if (!open) return;
    open.removeAttribute("open");
    open.querySelector("summary").focus();
  });

  /* In the grid: a lock is a button that says what it is. */
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  cells.Lock = function (props) {
    const on = Boolean(props.value);
    return React.createElement(
      "button",
      {
        type: "button",
        className: on ? "lock on" : "lock",
        "aria-pressed": on,
        "aria-label": "Lock " + props.data.name,
        onClick: () => props.node.setDataValue("lock", !on),
      },
      on ? "Locked" : "Lock"
    );
  };

  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  /* Tab leaves the grid; arrows move within it. */
  functions.leave = function () {
    return false;
  };

  functions.figure = function (value, digits) {
    if (value == null) return "";
    const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (value < 0 && Number(text.replace(/,/g, "")) !== 0 ? "\u2212" : "") + text;
  };
})();
