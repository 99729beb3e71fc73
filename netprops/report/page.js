"use strict";
(() => {
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const tools = find(".tools"), articles = all("article"), count = find("output", tools), none = find("#none");
  const fields = Object.fromEntries(["verdict", "evidence", "outcome", "text"].map((name) => [name, tools.elements[name]]));
  const words = new WeakMap();
  let view = "source";

  // A claim's text is read when it is first searched.
  const text = (article) => {
    if (!words.has(article)) words.set(article, article.textContent.toLowerCase().replace(/\s+/g, " "));
    return words.get(article);
  };
  const matches = (article) => {
    const { verdict, outcome, evidence } = article.dataset;
    const wanted = fields.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    return (!fields.verdict.value || verdict === fields.verdict.value)
      && (!fields.outcome.value || outcome === fields.outcome.value)
      && (!fields.evidence.value || evidence.split(" ").includes(fields.evidence.value))
      && wanted.every((word) => text(article).includes(word));
  };
  const filtering = () => Object.values(fields).some((field) => field.value);

  const filter = () => {
    let shown = 0;
    for (const article of articles) {
      article.hidden = !matches(article);
      shown += !article.hidden;
    }
    for (const section of all("section")) {
      const empty = !all("article", section).some((article) => !article.hidden);
      section.hidden = !section.classList.contains(`view-${view}`) || (filtering() && empty);
      for (const link of all(".also", section)) link.hidden = filtering();
    }
    for (const list of all("nav ol")) {
      list.hidden = !list.classList.contains(`view-${view}`);
      for (const item of all("ul > li", list)) {
        const article = document.getElementById(decodeURIComponent(find("a", item).hash.slice(1)));
        item.hidden = article !== null && article.hidden;
      }
      for (const item of all(":scope > li", list)) {
        item.hidden = filtering() && !all("ul > li", item).some((each) => !each.hidden);
      }
    }
    count.textContent = `${shown} of ${articles.length}`;
    none.hidden = shown > 0;
  };

  const show = (wanted) => {
    view = wanted;
    const sections = new Map(all(`section.view-${view}`).map((section) => [section.dataset[view], section]));
    // Within a source as they were written, within a topic in the order of the catalogue.
    const ordered = view === "topic" ? [...articles].sort((a, b) => a.dataset.place - b.dataset.place) : articles;
    for (const article of ordered) sections.get(article.dataset[view]).append(article);
    for (const button of all(".views button")) button.setAttribute("aria-pressed", String(button.dataset.view === view));
    filter();
  };

  const reset = () => {
    for (const field of Object.values(fields)) field.value = "";
    filter();
  };

  // A link leads to its claim whatever is filtered.
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.closest("[hidden]")) {
      if (target.matches("section")) show(target.classList.contains("view-topic") ? "topic" : "source");
      if (target.closest("[hidden]")) reset();
      target.scrollIntoView();
    }
  };

  const kept = { get: () => { try { return localStorage.getItem("theme"); } catch { return null; } },
                 set: (value) => { try { localStorage.setItem("theme", value); } catch { /* not kept, then */ } } };
  const themes = ["automatic", "light", "dark"], theme = find("#theme");
  const dress = (name) => {
    if (name === "automatic") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    theme.textContent = `Theme: ${name}`;
    kept.set(name);
  };
  let dressed = themes.includes(kept.get()) ? kept.get() : "automatic";
  dress(dressed);
  theme.addEventListener("click", () => {
    dressed = themes[(themes.indexOf(dressed) + 1) % themes.length];
    dress(dressed);
  });

  // The next claim that is to be seen, or the one before, from where the reader is.
  const step = (way) => {
    const seen = all("article").filter((article) => !article.closest("[hidden]"));
    const here = seen.indexOf(document.activeElement);
    const top = (article) => article.getBoundingClientRect().top;
    const next = here >= 0 ? seen[here + way] : way > 0 ? seen.find((a) => top(a) > 0) : seen.findLast((a) => top(a) < 0);
    if (next) {
      next.focus({ preventScroll: true });
      next.scrollIntoView();
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") reset();
    if (event.target.matches("input, select, textarea")) return;
    if (event.key === "/") { event.preventDefault(); fields.text.focus(); }
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("input", filter);
  find("#reset").addEventListener("click", reset);
  for (const button of all(".views button")) button.addEventListener("click", () => show(button.dataset.view));
  addEventListener("hashchange", follow);
  if (matchMedia("(max-width: 62rem)").matches) find("nav details").open = false;
  tools.hidden = false;
  filter();
  follow();
})();
