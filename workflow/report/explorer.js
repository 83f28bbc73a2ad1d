// Updates the traces and shapes of draw_explorer.py, in the same order, when a slider moves.
"use strict";

const TRACES = { errors: [0, 1], errorsNow: [2, 3], forgetting: 4, forgettingNow: 5 };
const LINE_OF_TIME = 1;

const data = JSON.parse(document.getElementById("data").textContent);
const plot = document.getElementById("plot");
const sliders = ["similarity", "after"].map((name) => document.getElementById(name));

// Time and log10 of an error at some time after the switch; the record has a row there.
function now(task, v, a) {
  const row = data.rows[a];
  return { x: data.time[row], y: 10 ** data.log10_errors[task][v][row] };
}

function show() {
  const [v, a] = sliders.map((slider) => Number(slider.value));
  const V = data.similarity[v], after = data.after[a];
  const curves = data.log10_errors.map((errors) => errors[v].map((log) => 10 ** log));
  const points = [now(0, v, a), now(1, v, a)];
  const forgetting = data.forgetting.map((line) => line[a]);
  Plotly.update(
    plot,
    {
      x: [data.time, data.time, [points[0].x], [points[1].x], data.similarity, [V]],
      y: [...curves, [points[0].y], [points[1].y], forgetting, [forgetting[v]]],
    },
    { [`shapes[${LINE_OF_TIME}].x0`]: points[0].x, [`shapes[${LINE_OF_TIME}].x1`]: points[0].x },
    [...TRACES.errors, ...TRACES.errorsNow, TRACES.forgetting, TRACES.forgettingNow],
  );
  tell(V, after, points, forgetting[v]);
}

function tell(V, after, points, forgetting) {
  const number = (value) => value.toPrecision(3);
  document.getElementById("similarity-value").textContent = V;
  document.getElementById("after-value").textContent = after;
  document.getElementById("told").textContent =
    `At V = ${V}, ${after} after the switch: error of task 1 ${number(points[0].y)}, of task 2 ${number(points[1].y)}, ` +
    `forgetting ${forgetting.toFixed(3)} decades.`;
  sliders[0].setAttribute("aria-valuetext", `V = ${V}`);
  sliders[1].setAttribute("aria-valuetext", `${after} after the switch`);
}

for (const slider of sliders) slider.addEventListener("input", show);
show();
