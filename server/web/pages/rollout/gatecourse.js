// gatecourse.js - how a metric of a gate went over its looks, with the change and without

import { html, useMemo, useState } from "../../dom.js";
import { SelectField } from "../../components/field.js";
import { Plot, seriesColour } from "../../components/plot.js";
import { timeExact, timeShort } from "../../format.js";
import { t, word } from "../../text.js";
import { amount, known, metricName } from "./gatewords.js";

// Metrics that some look has a number of, as the newest look orders them.
function metricsOf(course) {
  const told = course.toReversed().flatMap(({ metrics }) => metrics).filter(({ treated, control }) => known(treated) || known(control));
  return [...new Set(told.map(({ metric }) => metric))];
}

export function GateCourse({ course }) {
  const metrics = useMemo(() => metricsOf(course), [course]);
  const [chosen, choose] = useState("");
  const metric = metrics.includes(chosen) ? chosen : metrics[0];
  const rows = useMemo(() => course.map(({ metrics: all }) => all.find((one) => one.metric === metric) ?? { metric }), [course, metric]);
  const data = useMemo(() => [course.map((_, i) => i + 1), rows.map(({ treated }) => treated ?? null), rows.map(({ control }) => control ?? null)], [rows]);
  if (metrics.length === 0) return null;
  const of = rows.findLast(({ currency }) => currency) ?? rows[0]; // a look without a price has no currency
  const show = (value) => amount(of, value);
  const span = (Date.parse(course.at(-1).at) - Date.parse(course[0].at)) / 1000;
  const options = (axis) => ({
    scales: { x: { time: false, range: [0.5, course.length + 0.5] }, y: { range: (_, low, high) => [0, high * 1.1 || 1] } },
    axes: [axis({ size: 30, grid: { show: false }, incrs: [1, 2, 4, 8], space: 90, values: (_, splits) => splits.map((i) => (course[i - 1] ? timeShort(course[i - 1].at, span) : "")) }),
      axis({ size: 76, values: (_, splits) => splits.map(show) })],
    series: [{}, { stroke: seriesColour(0), width: 2, points: { show: true, size: 6 } },
      { stroke: seriesColour(1), width: 2, dash: [6, 4], points: { show: true, size: 6 } }],
  });
  const reading = (i) => [t("gate.course.look", { n: course[i].look }), timeExact(course[i].at), `${t("gate.treated")}: ${show(rows[i].treated)}`,
    `${t("gate.control")}: ${show(rows[i].control)}`, rows[i].colour && word("gate_colour", rows[i].colour)];
  return html`<div class="gate-course"><${SelectField} label=${t("gate.course")} value=${metric} onInput=${choose} options=${metrics.map((name) => [name, metricName(name)])} />
    <${Plot} data=${data} options=${options} version=${`${metric} ${course.length}`} height=${180} label=${t("gate.course.plot", { metric: metricName(metric) })} reading=${reading} />
    <ul class="legend">${["treated", "control"].map((name, i) => html`<li key=${name}><i style=${{ background: `var(--series-${i + 1})` }}></i>${t(`gate.${name}`)}</li>`)}</ul></div>`;
}
