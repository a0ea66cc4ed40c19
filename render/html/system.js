// system.js - the scheduler, its programs, the vCPUs, the kernel log, the whole report

const schedSection = (ix) => {
	const s = ix.last.scx_sched_state;
	if (!s) return section("sched", "Scheduler", missing(ix.last.scx_walker_unavailable ?? "no scheduler was read"));
	return section("sched", "Scheduler", facts([["name", s.name], ["state", s.enable_state_name], ["exit", s.exit_kind_name], ["reason", s.exit_info?.reason], ["message", s.exit_info?.msg],
		["timeout", duration(num(s.timeout_ms))], ["bypass depth", s.bypass_depth], ["flags", s.ops_flag_names]]),
	s.exit_info?.bt?.length > 0 && fold("where it was ended", () => stackList(s.exit_info.bt)),
	(s.ops ?? []).length > 0 && table("operations", [column("op", (o) => o.op), column("program", (o) => o.program), column("function", (o) => o.func_symbol ?? o.func, { width: "minmax(14rem,2fr)" })], s.ops),
	(s.event_counters ?? []).length > 0 && fold("event counters", () => table("event counters", [column("counter", (c) => c.name, { width: "minmax(16rem,2fr)" }), numeric("total", (c) => c.total)], s.event_counters)));
};

const counted = (ix, v) => (ix.last.bpf_stats_enabled === false ? "–" : grouped(v));

const progsSection = (ix) =>
	(ix.last.prog_runtime_stats ?? []).length
		? section("progs", "Programs", ix.last.bpf_stats_enabled === false && el("p", { class: "quiet" }, "Run time was not counted (kernel.bpf_stats_enabled is 0)."),
			table("programs", [column("program", (p) => p.name), column("op", (p) => p.op), numeric("runs", (p) => p.cnt, { cell: (p) => counted(ix, p.cnt) }), numeric("ns", (p) => p.nsecs, { cell: (p) => counted(ix, p.nsecs) }), numeric("mean ns", (p) => p.mean_ns, { cell: (p) => counted(ix, p.mean_ns) }), numeric("misses", (p) => p.misses, { cell: (p) => counted(ix, p.misses) })], ix.last.prog_runtime_stats))
		: section("progs", "Programs", missing(ix.last.prog_runtime_stats_unavailable ?? "no program was read"));

const stacksSection = (ix) => {
	const vcpus = (ix.last.vcpu_regs ?? []).map((v, i) => [v, i]);
	if (!vcpus.length) return section("vcpus", "vCPUs", missing(ix.last.vcpu_regs_unavailable ?? "no registers"));
	return section("vcpus", "vCPUs", ...vcpus.map(([v, i]) =>
		v ? fold([el("b", {}, `vCPU ${i}`), " ", el("code", {}, v.never_started ? "never started" : v.symbol ?? v.instruction_pointer), " ", el("small", {}, v.curr_comm ? `${v.curr_comm}[${show(v.curr_pid)}]` : "")],
			() => [v.backtrace ? stackList(v.backtrace) : el("p", { class: "quiet" }, v.backtrace_end ?? "no stack"), el("div", { class: "tree" }, treeNode(ix, "registers", v))])
			: el("p", { class: "missing" }, `vCPU ${i}: not parked, no registers`)));
};

const logSection = (ix) =>
	(ix.last.kernel_log ?? []).length
		? section("log", "Kernel log", table("kernel log", [
			numeric("time", (l) => num(l.ts_ns) / 1e9, { cell: (l) => (num(l.ts_ns) / 1e9).toFixed(6), width: "8rem" }),
			column("level", (l) => ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"][l.level] ?? l.level, { width: "5rem" }),
			column("from", (l) => l.caller, { width: "5rem" }), column("text", (l) => l.text, { width: "minmax(24rem,6fr)" })], ix.last.kernel_log, (l) => el("pre", {}, l.text)))
		: section("log", "Kernel log", missing(ix.last.kernel_log_unavailable ?? "no record was read"));

const rawSection = (ix, doc, text) =>
	section("raw", "All of the report",
		el("button", { type: "button", on: { click: () => {
			const a = el("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: "report.json" });
			a.click();
			setTimeout(() => URL.revokeObjectURL(a.href), 1000);
		} } }, "Save as JSON"),
		el("div", { class: "tree" }, treeNode(ix, "report", doc)));
