/* Theme switch, search, and folding of the solutions. The pages read well without any of them. */
(function () {
  "use strict";

  function remember(key, value) {
    try { localStorage.setItem(key, value); } catch (error) { /* a browser that keeps nothing still shows the page */ }
  }

  /* --- light and dark --- */
  var root = document.documentElement;
  var themeButton = document.getElementById("theme");
  function isDark() {
    var chosen = root.getAttribute("data-theme");
    return chosen ? chosen === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
  }
  function nameTheme() { themeButton.textContent = isDark() ? "Light" : "Dark"; }
  themeButton.addEventListener("click", function () {
    var next = isDark() ? "light" : "dark";
    root.setAttribute("data-theme", next);
    remember("lupus-theme", next);
    nameTheme();
  });
  nameTheme();

  /* --- solutions --- */
  var folds = Array.prototype.slice.call(document.querySelectorAll("main details")).filter(function (one) {
    return /^\s*(Solution|For the facilitator)/.test(one.querySelector("summary").textContent);
  });
  var foldButton = document.getElementById("fold");
  function anyFolded() { return folds.some(function (one) { return !one.open; }); }
  function nameFold() { foldButton.textContent = anyFolded() ? "Show all solutions" : "Fold all solutions"; }
  if (foldButton && folds.length) {
    foldButton.hidden = false;
    foldButton.addEventListener("click", function () {
      var open = anyFolded();
      folds.forEach(function (one) { one.open = open; });
      nameFold();
    });
    folds.forEach(function (one) { one.addEventListener("toggle", nameFold); });
    nameFold();
  }

  /* --- a wide table can be scrolled with the keyboard --- */
  document.querySelectorAll(".output_html, .output_markdown").forEach(function (one) {
    if (one.scrollWidth > one.clientWidth) { one.tabIndex = 0; }
  });

  /* --- search --- */
  var data = window.LUPUS_SEARCH;
  var box = document.getElementById("search");
  var found = document.getElementById("found");
  if (!data || !box || !found) { return; }
  var known = Object.keys(data.words);
  var MOST = 20;

  /* The same words as in the index: small letters, no accents. */
  function words(text) {
    var plain = text.normalize("NFKD").toLowerCase().replace(/[\u0300-\u036f]/g, "").replace(/\u2019/g, "'");
    return plain.match(/[\p{L}\p{N}]+(?:[.\-'][\p{L}\p{N}]+)*/gu) || [];
  }

  /* Every word asked for must be there, whole or as a beginning; whole words count more. */
  function search(text) {
    var asked = words(text);
    if (!asked.length) { return []; }
    var total = null;
    asked.forEach(function (word) {
      var here = new Map();
      known.forEach(function (entry) {
        if (entry.indexOf(word) !== 0) { return; }
        var share = entry === word ? 1 : 0.4, places = data.words[entry];
        for (var i = 0; i < places.length; i += 2) {
          here.set(places[i], (here.get(places[i]) || 0) + share * Math.log(1 + places[i + 1]));
        }
      });
      if (total === null) { total = here; return; }
      total.forEach(function (score, place) {
        if (here.has(place)) { total.set(place, score + here.get(place)); } else { total.delete(place); }
      });
    });
    return Array.from(total).sort(function (a, b) { return b[1] - a[1] || a[0] - b[0]; }).map(function (one) { return one[0]; });
  }

  function excerpt(text, asked) {
    var plain = text.normalize("NFKD").toLowerCase(), at = -1;
    asked.some(function (word) { at = plain.indexOf(word); return at >= 0; });
    var from = Math.max(0, at - 60);
    return (from > 0 ? "\u2026 " : "") + text.slice(from, from + 180) + (from + 180 < text.length ? " \u2026" : "");
  }

  function marked(text, asked) {
    var part = document.createElement("small"), rest = text;
    var pattern = new RegExp("(" + asked.map(function (w) { return w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"); }).join("|") + ")", "i");
    while (rest) {
      var hit = rest.match(pattern);
      if (!hit) { part.appendChild(document.createTextNode(rest)); break; }
      part.appendChild(document.createTextNode(rest.slice(0, hit.index)));
      var sign = document.createElement("mark");
      sign.textContent = hit[0];
      part.appendChild(sign);
      rest = rest.slice(hit.index + hit[0].length);
    }
    return part;
  }

  function show() {
    var asked = words(box.value), places = search(box.value);
    found.textContent = "";
    found.hidden = !asked.length;
    if (!asked.length) { return; }
    var count = document.createElement("p");
    count.setAttribute("role", "status");
    count.textContent = places.length ? places.length + (places.length === 1 ? " place" : " places") +
      (places.length > MOST ? ", the first " + MOST : "") : "Nothing found. Try fewer words, or only the beginning of one.";
    found.appendChild(count);
    var list = document.createElement("ol");
    places.slice(0, MOST).forEach(function (place) {
      var section = data.sections[place], item = document.createElement("li"), link = document.createElement("a");
      link.href = section[0] + (section[1] ? "#" + encodeURIComponent(section[1]) : "");
      var head = document.createElement("b");
      head.textContent = section[3] || section[2];
      link.appendChild(head);
      if (section[3] && section[3] !== section[2]) { link.appendChild(document.createTextNode(" \u00b7 " + section[2])); }
      link.appendChild(marked(excerpt(section[4], asked), asked));
      link.addEventListener("click", close);
      item.appendChild(link);
      list.appendChild(item);
    });
    found.appendChild(list);
  }

  function close() { found.hidden = true; }
  function links() { return Array.prototype.slice.call(found.querySelectorAll("a")); }

  box.addEventListener("input", show);
  box.addEventListener("focus", function () { if (box.value) { show(); } });
  document.addEventListener("click", function (event) { if (!event.target.closest(".search")) { close(); } });
  document.addEventListener("keydown", function (event) {
    var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) { event.preventDefault(); box.focus(); return; }
    if (event.key === "Escape" && !found.hidden) { close(); box.focus(); close(); return; }
    if (found.hidden || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) { return; }
    var all = links(), here = all.indexOf(document.activeElement);
    var next = event.key === "ArrowDown" ? here + 1 : here - 1;
    event.preventDefault();
    if (next < 0) { box.focus(); } else if (next < all.length) { all[next].focus(); }
  });
  document.querySelector(".search").hidden = false;
})();
