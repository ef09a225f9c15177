// Charts of the figures in a page: bars or lines by uPlot, in the colours of the theme.
(() => {
  const HEIGHT = 220;
  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    return {
      series: [of("--accent-text"), of("--chart-2"), of("--chart-3"), of("--chart-4")],
      text: of("--quiet"),
      grid: of("--track"),
    };
  };
  const language = document.documentElement.lang.startsWith("zh") ? "zh-CN" : "en-GB";
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
  const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: "UTC" });
  const label = (words) => (/^\d{4}-\d\d-\d\d$/.test(words) ? day.format(new Date(`${words}T00:00:00Z`)) : words);

  const stacked = (series) => {
    const sums = [];
    return series.map(({ values }) => values.map((value, i) => (sums[i] = (sums[i] ?? 0) + value)));
  };

  // Sums arrive in minor units with their `digits`, so that no page ever divides money.
  const read = (figure) => {
    const figures = JSON.parse(figure.querySelector("script").textContent);
    const scale = 10 ** (figures.digits ?? 0);
    if (figures.limit != null) figures.limit /= scale;
    figures.series.forEach((one) => { one.values = one.values.map((value) => value / scale); });
    return figures;
  };

  const draw = (figure) => {
    const figures = read(figure);
    const canvas = figure.querySelector(".chart-canvas");
    const { series: strokes, text, grid } = colours();
    const isStack = figures.kind === "stacked";
    let rows = isStack ? stacked(figures.series) : figures.series.map(({ values }) => values);
    let named = figures.series.map((one, i) => ({ ...one, colour: strokes[i % strokes.length] }));
    if (isStack) { rows = rows.slice().reverse(); named = named.slice().reverse(); }
    const isBars = figures.kind !== "line";
    const limit = figures.limit ?? null;
    const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const options = {
      width: canvas.clientWidth,
      height: HEIGHT,
      legend: { show: named.length > 1 || limit !== null, live: false },
      cursor: { y: false, points: { show: !isBars } },
      scales: { x: { time: false, range: [-0.5, figures.labels.length - 0.5] }, y: { range: (_u, low, high) => [Math.min(low ?? 0, 0) * 1.08, Math.max(high, limit ?? 0, 1) * 1.08] } },
      axes: [
        { ...axis, grid: { show: false }, values: (_u, ticks) => ticks.map((i) => (Number.isInteger(i) && figures.labels[i] !== undefined ? label(figures.labels[i]) : "")), space: 56, size: 30 },
        { ...axis, values: (_u, ticks) => ticks.map((value) => number.format(value)), size: 56 },
      ],
      series: [
        {},
        ...named.map(({ name, colour }) => ({
          label: name,
          stroke: colour,
          width: isBars ? 0 : 2,
          fill: isBars ? colour : undefined,
          points: { show: false },
          paths: isBars ? uPlot.paths.bars({ size: [0.62, 34], radius: 0.15 }) : uPlot.paths.linear(),
        })),
        ...(limit === null ? [] : [{ label: figures.limit_name ?? "", stroke: text, dash: [4, 4], width: 1, points: { show: false } }]),
      ],
      plugins: [tips(figures, canvas)],
    };
    const x = figures.labels.map((_label, i) => i);
    canvas.replaceChildren();
    const plot = new uPlot(options, [x, ...rows, ...(limit === null ? [] : [x.map(() => limit)])], canvas);
    new ResizeObserver(() => plot.setSize({ width: canvas.clientWidth, height: HEIGHT })).observe(canvas);
    return plot;
  };

  // The figures under the pointer, in words.
  const tips = (figures, canvas) => {
    const tip = document.createElement("div");
    tip.className = "chart-tip";
    tip.hidden = true;
    return {
      hooks: {
        ready: (plot) => plot.over.append(tip),
        setCursor: (plot) => {
          const { idx, left } = plot.cursor;
          tip.hidden = idx === null || idx === undefined || left < 0;
          if (tip.hidden) return;
          const lines = figures.series.map(({ name, values }) => `${name} ${number.format(values[idx] ?? 0)}${figures.unit ? ` ${figures.unit}` : ""}`);
          tip.textContent = [label(figures.labels[idx]), ...lines].join("\n");
          const isRight = left > plot.over.clientWidth / 2;
          tip.style.left = isRight ? "" : `${left + 12}px`;
          tip.style.right = isRight ? `${plot.over.clientWidth - left + 12}px` : "";
        },
      },
    };
  };

  const plots = new Map();
  const drawAll = (root) => root.querySelectorAll("[data-chart]").forEach((figure) => {
    plots.get(figure)?.destroy();
    plots.set(figure, draw(figure));
  });
  drawAll(document);
  document.addEventListener("themechange", () => drawAll(document));
  document.addEventListener("htmx:afterSwap", (event) => drawAll(event.detail.target));
})();
