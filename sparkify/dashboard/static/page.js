// Draws the charts once they come near the screen, in the colours of the style sheet.
"use strict";

const config = { responsive: true, displaylogo: false, displayModeBar: false };

function coloured(value, style) {
  if (typeof value === "string" && value.startsWith("--")) {
    return style.getPropertyValue(value).trim();
  }
  if (Array.isArray(value)) return value.map((each) => coloured(each, style));
  if (value && typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, coloured(each, style)]),
    );
  }
  return value;
}

function axis(given, line) {
  const title = given && given.title ? { text: given.title } : undefined;
  return { fixedrange: true, gridcolor: line, zerolinecolor: line, ...given, title };
}

function draw(place) {
  const style = getComputedStyle(document.documentElement);
  const figure = JSON.parse(document.getElementById(place.dataset.for).textContent);
  const { data, layout } = coloured(figure, style);
  const line = style.getPropertyValue("--line").trim();
  const ink = style.getPropertyValue("--ink").trim();
  Plotly.react(place, data, {
    margin: { l: 48, r: 16, t: 24, b: 40 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, family: getComputedStyle(document.body).fontFamily },
    legend: { orientation: "h", y: 1.12 },
    hovermode: "closest",
    ...layout,
    xaxis: axis(layout.xaxis, line),
    yaxis: axis(layout.yaxis, line),
  }, config);
  place.dataset.drawn = "yes";
}

const places = [...document.querySelectorAll(".plot")];
const watch = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    watch.unobserve(entry.target);
    draw(entry.target);
  }
}, { rootMargin: "400px" });
for (const place of places) watch.observe(place);

function redraw() {
  for (const place of places) if (place.dataset.drawn) draw(place);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("beforeprint", () => places.forEach(draw));
