// tasks.js - stalled tasks with the way they went, and the table of all tasks

const step = (title, text, cls = "") => el("li", { class: cls }, el("b", {}, title), el("span", {}, text));

// Who holds the task, as its own fields and the queues say.
const custody = (ix, t) => {
	const d = ix.dsqs.at(-1).get(t.dsq_kva);
	if (d) {
		const pos = (d.task_kvas ?? []).indexOf(t.task_kva);
		return { title: "on a queue", text: [address(ix, t.dsq_kva), pos < 0 ? ", place unknown" : `, ${pos + 1} of ${show(d.nr)}`], end: "not taken from it" };
	}
	if (/QUEUED|IN_CUSTODY/.test(t.ops_state_name ?? "") && t.ops_state_name !== "QUEUEING")
		return { title: "with the scheduler", text: ["ops_state ", t.ops_state_name, ", on no DSQ"], end: "not inserted into a queue" };
	return { title: "state", text: [`ops_state ${show(t.ops_state_name)}, on no DSQ`], end: "not run" };
};

const stackList = (frames) => el("ol", { class: "stack" }, ...frames.map((f) => el("li", {}, el("code", {}, f.symbol ?? f.addr), f.line ? ` at ${show(f.file)}:${show(f.line)}` : "")));

const facts = (rows) => el("dl", { class: "facts" }, ...rows.filter(([, v]) => v !== undefined && v !== null && v !== "").flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, v.nodeType ? v : show(v))]));

const taskFacts = (ix, t) =>
	facts([
		["allowed CPUs", t.cpus_allowed], ["class", t.sched_class], ["weight", t.weight], ["slice", Number.isFinite(num(t.slice_ns)) ? duration(num(t.slice_ns) / 1e6) : show(t.slice_ns)],
		["vtime", t.dsq_vtime], ["flags", t.scx_flag_names], ["ops_state", t.ops_state_name], ["state", t.state], ["cgroup", t.cgroup_path],
		["switches", Number.isFinite(num(t.nvcsw)) ? `${grouped(t.nvcsw)} voluntary, ${grouped(t.nivcsw)} not` : ""],
	]);

const taskDetail = (ix, t) =>
	el("div", {}, el("h3", {}, taskName(t)), taskFacts(ix, t),
		t.kernel_stack ? [el("h4", {}, "kernel stack"), stackList(t.kernel_stack)] : t.kernel_stack_end && el("p", { class: "quiet" }, "kernel stack: " + t.kernel_stack_end),
		el("div", { class: "tree" }, treeNode(ix, "all fields", t)));

const stalledCard = (ix, t) => {
	const held = custody(ix, t), early = ix.tasks.length > 1 && ix.tasks[0].get(t.task_kva);
	const age = num(t.runnable_age_ms), was = num(early?.runnable_age_ms);
	return el("article", { class: "card", id: taskId(t.task_kva) },
		el("h3", {}, taskName(t), " ", el("small", {}, `waits for ${duration(age)}${Number.isFinite(was) && was > 0 ? `, at half-way for ${duration(was)}` : ""}`)),
		el("ol", { class: "strip", "aria-label": "the way of this task" },
			step("runnable", `since ${duration(age)}`), /\bQUEUED\b/.test(t.scx_flag_names ?? "") && step("enqueued", "flag QUEUED is set"),
			step(held.title, held.text, "here"), step(held.end, "", "never")),
		taskFacts(ix, t),
		t.kernel_stack && fold("kernel stack", () => stackList(t.kernel_stack)),
		el("div", { class: "tree" }, treeNode(ix, "struct sched_ext_entity", t.scx ?? t.scx_plain ?? {})));
};

// The tasks that wait too long: those that the findings name, else those past half of the timeout.
const stalledTasks = (ix, doc) => {
	const named = new Set((doc.diff?.not_moved ?? []).map((s) => s.task_kva).filter(Boolean));
	for (const f of doc.diagnosis ?? []) for (const t of f.tasks ?? []) named.add(ix.byLabel.get(taskName(t)));
	const half = num(ix.last.scx_sched_state?.timeout_ms) / 2;
	return (ix.last.task_enrichments ?? [])
		.filter((t) => named.has(t.task_kva) || (half > 0 && num(t.runnable_age_ms) >= half))
		.filter((t) => num(t.runnable_age_ms) > 0)
		.sort((a, b) => num(b.runnable_age_ms) - num(a.runnable_age_ms));
};

const stalledSection = (ix, stalled) =>
	section("stalled", "Stalled tasks", stalled.length ? null : el("p", { class: "quiet" }, "No task waits for longer than half of the watchdog's timeout."),
		...stalled.slice(0, 8).map((t) => stalledCard(ix, t)),
		stalled.length > 8 && fold(`${stalled.length - 8} more`, () => stalled.slice(8, 500).map((t) => stalledCard(ix, t))));

const tasksSection = (ix, stalled) => {
	const tasks = ix.last.task_enrichments;
	if (!tasks?.length) return section("tasks", "Tasks", missing(ix.last.task_enrichments_unavailable ?? "no task was read"));
	const cards = new Set(stalled.slice(0, 8).map((t) => t.task_kva));
	const name = (t) => (cards.has(t.task_kva) ? link(taskId(t.task_kva), taskName(t)) : taskName(t));
	const waits = (t) => (t.curr_cpu >= 0 && t.curr_cpu !== undefined ? "" : t.runnable_age_ms);
	const columns = [
		column("task", taskName, { cell: name, width: "minmax(10rem,1.5fr)" }),
		numeric("waits", waits, { cell: (t) => (Number.isFinite(num(waits(t))) ? duration(num(waits(t))) : "") }),
		column("class", (t) => t.sched_class, { width: "minmax(4rem,.5fr)" }),
		column("state", (t) => t.state, { width: "minmax(3.5rem,.4fr)" }),
		numeric("CPU", (t) => t.cpu, { width: "minmax(3.5rem,.4fr)" }),
		column("allowed", (t) => t.cpus_allowed, { width: "minmax(5rem,.6fr)" }),
		column("queue", (t) => ix.names.get(t.dsq_kva)?.label ?? "", { cell: (t) => (ix.names.has(t.dsq_kva) ? address(ix, t.dsq_kva) : "") }),
		column("ops_state", (t) => t.ops_state_name),
		numeric("weight", (t) => t.weight), numeric("switches", (t) => num(t.nvcsw) + num(t.nivcsw)),
		column("cgroup", (t) => t.cgroup_path),
	];
	const all = table("tasks", columns, tasks, (t) => taskDetail(ix, t));
	for (const t of tasks) if (!cards.has(t.task_kva)) reveals.set(taskId(t.task_kva), () => all.reveal(t));
	return section("tasks", "Tasks", all);
};
