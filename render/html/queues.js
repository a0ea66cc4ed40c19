// queues.js - dispatch queues as rows of tasks, the head first; who took from them between the moments

// Where tasks that left the queue ran next: a CPU each that has its number, with how many.
const takers = (ix, before, now) => {
	const still = new Set(now?.task_kvas ?? []), cpus = new Map();
	for (const kva of before?.task_kvas ?? []) {
		const a = ix.tasks[0].get(kva), b = ix.tasks.at(-1).get(kva);
		if (still.has(kva) || !a || !b || !(num(b.times_run ?? b.nvcsw) > num(a.times_run ?? a.nvcsw))) continue;
		cpus.set(b.cpu, (cpus.get(b.cpu) ?? 0) + 1);
	}
	return cpus;
};

const queueRow = (ix, kva, moments, stuck) => {
	const at = ix.dsqs.map((d) => d.get(kva));
	const now = at.at(-1) ?? at[0], before = at.length > 1 ? at[0] : null;
	const inserted = before && num(now.seq) - num(before.seq);
	const taken = before && inserted - (num(now.nr) - num(before.nr));
	const cpus = before ? takers(ix, before, now) : new Map();
	const tasks = now.tasks ?? [];
	return el("article", { class: "queue" + (stuck ? " stuck" : ""), id: dsqId(kva) },
		el("h3", {}, dsqName(now), " ", el("small", {}, now.is_vtime ? "by vtime" : "fifo", " · ", at.map((d) => (d ? show(d.nr) : "–")).join(" → "), " tasks",
			now.sched_name ? ` · ${now.sched_name}` : "")),
		el("div", { class: "row" },
			tasks.length ? el("ol", { class: "chips" }, ...tasks.slice(0, 24).map((t, i) => el("li", {}, taskChip(ix, t, i === 0 && stuck ? "head" : "wait"))))
				: el("span", { class: "quiet" }, "empty"),
			tasks.length > 24 && fold(`${tasks.length - 24} more`, () => tasks.slice(24, 1024).map((t) => taskChip(ix, t, "wait")))),
		el("p", { class: "flow" },
			before && Number.isFinite(inserted) && `${grouped(inserted)} inserted, ${grouped(taken)} taken in between. `,
			cpus.size > 0 && ["→ ", ...[...cpus].flatMap(([cpu, n], i) => [i ? ", " : "", link(cpuId(cpu), `CPU ${cpu}`), ` (${n} ran there next)`])],
			stuck && el("strong", {}, stuck)),
		(now.conflicts ?? []).map((c) => el("p", { class: "missing" }, c)));
};

const queuesSection = (ix, doc, moments) => {
	const all = [...new Set(ix.dsqs.flatMap((d) => [...d.keys()]))];
	if (!all.length) return section("queues", "Dispatch queues", missing(ix.last.dsq_states_unavailable ?? "no DSQ was read"));
	const stuck = new Map((doc.diff?.not_moved ?? []).filter((s) => s.dsq_kva).map((s) => [s.dsq_kva, "Did not move: " + s.text + "."]));
	const weight = (kva) => (stuck.has(kva) ? 1e9 : 0) + Math.max(...ix.dsqs.map((d) => num(d.get(kva)?.nr) || 0));
	const busy = all.filter((kva) => weight(kva) > 0).sort((a, b) => weight(b) - weight(a));
	const empty = all.filter((kva) => weight(kva) === 0);
	return section("queues", "Dispatch queues", ...busy.slice(0, 32).map((kva) => queueRow(ix, kva, moments, stuck.get(kva))),
		busy.length > 32 && fold(`${busy.length - 32} more queues with tasks`, () => busy.slice(32).map((kva) => queueRow(ix, kva, moments))),
		empty.length > 0 && fold(`${plural(empty.length, "queue")} empty at ${moments.length > 1 ? "both moments" : "this moment"}`, () => empty.map((kva) => queueRow(ix, kva, moments))));
};
