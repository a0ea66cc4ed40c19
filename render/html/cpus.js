// cpus.js - each CPU a lane: what runs on it and who waits, the moments side by side

const MANY = 8;

const chip = (ix, kva, label, note, cls = "") =>
	el("span", { class: "chip " + cls }, ix.names.has(kva) ? link(ix.names.get(kva).id, label) : label, note && el("small", {}, " " + note));

const taskChip = (ix, t, cls) =>
	chip(ix, t.task_kva, taskName(t), Number.isFinite(num(t.runnable_age_ms)) ? duration(num(t.runnable_age_ms)) : "", cls);

const runningFor = (rq, task) => {
	const since = num(rq.clock_ns) - num(task?.last_arrival_ns);
	return Number.isFinite(since) && since >= 0 && since < 864e11 ? duration(since / 1e6) : "";
};

const laneCell = (ix, rq, tasks, before) => {
	if (!rq) return el("td", {}, "–");
	const task = tasks.get(rq.curr_kva);
	const cls = rq.curr_class ?? "unknown";
	const waiting = (rq.runnable_tasks ?? []).filter((t) => t.task_kva !== rq.curr_kva)
		.sort((a, b) => (num(b.runnable_age_ms) || 0) - (num(a.runnable_age_ms) || 0));
	const same = before && before.curr_kva === rq.curr_kva && cls !== "idle";
	const more = waiting.slice(MANY);
	return el("td", { class: cls === "idle" ? "idle" : "" },
		el("div", { class: "runs" },
			cls === "idle" ? el("span", { class: "chip idle" }, "idle")
				: chip(ix, rq.curr_kva, `${rq.curr_comm ?? "?"}[${show(rq.curr_pid)}]`, [cls, runningFor(rq, task)].filter(Boolean).join(" "), "class-" + cls),
			same && el("span", { class: "mark" }, "same task at both moments")),
		waiting.length > 0 ? el("div", { class: "waits" }, el("small", {}, `${waiting.length} wait: `),
			...waiting.slice(0, MANY).map((t) => taskChip(ix, t, "wait")),
			more.length > 0 && fold(`${more.length} more`, () => more.slice(0, 500).map((t) => taskChip(ix, t, "wait"))))
			: el("small", { class: "quiet" }, "nobody waits"));
};

const cpusSection = (ix, moments) => {
	const states = moments.map((m) => new Map((m.report.rq_scx_states ?? []).map((r) => [r.cpu, r])));
	const cpus = [...new Set(states.flatMap((s) => [...s.keys()]))].sort((a, b) => a - b);
	if (!cpus.length) return section("cpus", "CPUs", missing(ix.last.rq_scx_states_unavailable ?? "no run queue was read"));
	const lane = (cpu) =>
		el("tr", { id: cpuId(cpu) }, el("th", { scope: "row" }, "CPU " + cpu),
			...moments.map((m, i) => laneCell(ix, states[i].get(cpu), ix.tasks[i], i > 0 && states[i - 1].get(cpu))));
	const lanes = (list) =>
		el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "CPUs" },
			el("table", { class: "lanes" },
				el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "CPU"), ...moments.map((m) => el("th", { scope: "col" }, m.title)))),
				el("tbody", {}, ...list.map(lane))));
	return section("cpus", "CPUs", lanes(cpus.slice(0, 64)),
		cpus.length > 64 && fold(`${cpus.length - 64} more CPUs`, () => lanes(cpus.slice(64))));
};
