/** What is on the page, as plain values; nothing that is a sentence, so that texts may be written better. */
() => {
  const shown = (node) => node.checkVisibility({ visibilityProperty: true });
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const bare = (text) => text.trim().replace(/\s+/g, " ");
  const name = (node) => node.getAttribute("aria-label") ?? "";
  const words = (node) => bare(name(node) || node.textContent);
  const round = (value) => (typeof value === "number" ? Number(value.toPrecision(4)) : value);
  const axes = (layout) => Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key)).sort().map((key) => [
    key, [layout[key].type, ...layout[key].range.map(round)].join(" "),
  ]);
  const plots = all(".js-plotly-plot").filter((plot) => plot._fullLayout).map((plot) => {
    const traces = (plot.data ?? []).filter((one) => one.visible !== false && one.visible !== "legendonly");
    const points = traces.reduce((sum, one) => sum + (one.y?.length ?? 0), 0);
    return { axes: Object.fromEntries(axes(plot._fullLayout)), traces: traces.length, points };
  });
  const value = (node) => (node.selectedOptions ? [...node.selectedOptions].map((one) => one.textContent).join() : node.value);
  const place = (node) => node.getAttribute("aria-valuetext") ?? node.getAttribute("aria-valuenow");
  return {
    title: document.title,
    plots,
    pressed: all("[aria-pressed=true]").map(words),
    checked: all("[role=radio][aria-checked=true], input:checked, [role=checkbox][aria-checked=true]")
      .map((node) => words(node.closest("label") ?? node)),
    fields: all("select, input[type=range], input[type=number], input[type=text]").map((node) => `${name(node)}: ${value(node)}`),
    sliders: all("[role=slider]").filter((node) => node.tagName !== "INPUT").map((node) => `${name(node)}: ${place(node)}`),
    picked: all("[data-testid=stSelectbox]").map((node) => bare(node.innerText)),
    tags: all("[data-baseweb=tag]").map((node) => bare(node.innerText)),
    rows: [...document.querySelectorAll("[data-testid=stDataFrame] table tbody tr")].map((row) =>
      `${row.getAttribute("aria-selected") === "true" ? "*" : ""}${row.querySelector("td")?.textContent}`),
    unfolded: all("details[open] > summary").map(words),
    links: all("a[data-testid=stPageLink-NavLink]").map((node) => new URL(node.href).pathname),
    stage: all("[popover]").length,
  };
}
