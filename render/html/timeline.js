// timeline.js - what was sampled, a chart for each counter that moved

const CHART = { w: 320, h: 64, pad: 4 };

const chart = (name, samples, marks) => {
	const points = samples.map((s) => [num(s.elapsed_ms), num(s[name])]).filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
	if (points.length < 2) return null;
	const [x0, x1] = [points[0][0], points.at(-1)[0]];
	const ys = points.map((p) => p[1]), y0 = Math.min(...ys), y1 = Math.max(...ys);
	const x = (v) => CHART.pad + ((v - x0) / (x1 - x0 || 1)) * (CHART.w - 2 * CHART.pad);
	const y = (v) => CHART.h - CHART.pad - ((v - y0) / (y1 - y0 || 1)) * (CHART.h - 2 * CHART.pad);
	const picture = svg("svg", { viewBox: `0 0 ${CHART.w} ${CHART.h}`, role: "img", "aria-label": `${name}: from ${ys[0]} to ${ys.at(-1)}` },
		...marks.map((m) => svg("line", { x1: x(m), x2: x(m), y1: 0, y2: CHART.h, class: "moment" })),
		svg("polyline", { points: points.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(" "), class: "line" }));
	return el("figure", {}, el("figcaption", {}, name, " ", el("b", {}, grouped(ys.at(-1)))), picture,
		el("small", {}, `${grouped(y0)} … ${grouped(y1)} over ${duration(x1 - x0)}`));
};

const timelineSection = (ix, moments) => {
	const samples = ix.last.event_counter_timeline;
	if (!samples?.length) return section("timeline", "Timeline", missing(ix.last.event_counter_timeline_unavailable ?? "no samples were taken"));
	const names = Object.keys(samples[0]).filter((k) => k !== "elapsed_ms");
	const moves = (n) => samples.some((s) => s[n] !== samples[0][n]);
	const marks = ix.last.event_counter_timeline_source === "two images" ? [samples[0], samples.at(-1)].map((s) => num(s.elapsed_ms))
		: moments.map((m) => num(m.report.event_counter_timeline?.at(-1)?.elapsed_ms)).filter(Number.isFinite);
	const charts = (list) => el("div", { class: "charts" }, ...list.map((n) => chart(n, samples, marks)).filter(Boolean));
	const still = names.filter((n) => !moves(n));
	return section("timeline", "Timeline", el("p", { class: "quiet" }, `${plural(samples.length, "sample")}; the upright lines are the moments of the report.`),
		charts(names.filter(moves)), still.length > 0 && fold(`${plural(still.length, "counter")} that did not change`, () => el("p", {}, still.map((n) => `${n} ${grouped(samples.at(-1)[n])}`).join(", "))));
};
