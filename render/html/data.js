// data.js - the report as the page uses it: moments, look-ups by address, numbers in words

// JSON whose integers above 2^53 are kept whole, as strings of digits.
const parseReport = (text) =>
	JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g,
		(m) => (/^-?\d{16,}$/.test(m) ? `"${m}"` : m)));

const num = (v) => (typeof v === "number" ? v : typeof v === "string" && /^-?\d+$/.test(v) ? Number(v) : NaN);

// A number that the kernel kept, or what the report says instead of it.
const show = (v) => {
	if (v === null || v === undefined) return "–";
	if (typeof v === "object") return v.reason ? `unreadable: ${v.reason}` : JSON.stringify(v);
	if (typeof v === "boolean") return v ? "yes" : "no";
	return String(v);
};

const grouped = (v) => (Number.isFinite(num(v)) ? String(v).replace(/\B(?=(\d{3})+$)/g, "\u202f") : show(v));

const duration = (ms) => {
	if (!Number.isFinite(ms)) return "?";
	if (Math.abs(ms) < 1) return `${(ms * 1000).toFixed(0)} µs`;
	if (Math.abs(ms) < 1000) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
	return `${(ms / 1000).toFixed(2)} s`;
};

const plural = (n, one, many) => `${n} ${n === 1 ? one : many || one + "s"}`;

// The moments of a document, the earlier first: {key, title, report}.
const momentsOf = (doc) => {
	const only = { single: "the moment of the image", dual: "the failure", degraded: "racy: read while the guest ran" }[doc.schema];
	return [
		doc.early && { key: "early", title: "early: half-way", report: doc.early },
		doc.late && { key: "late", title: doc.early ? "late: the failure" : only, report: doc.late },
	].filter(Boolean);
};

const taskName = (t) => `${t.comm ?? "?"}[${show(t.pid)}]`;
const dsqName = (d) => (d.origin === "user" ? "DSQ " + hex(d.id) : d.origin ?? "DSQ " + hex(d.id));
const hex = (v) => {
	try {
		return "0x" + BigInt(v).toString(16);
	} catch {
		return show(v);
	}
};

const taskId = (kva) => "task-" + kva;
const dsqId = (kva) => "dsq-" + kva;
const mapId = (kva) => "map-" + kva;
const cpuId = (cpu) => "cpu-" + cpu;

// What the page looks up: built once over the last moment, and of each earlier one what it needs.
const index = (moments) => {
	const last = moments.at(-1)?.report ?? {};
	const names = new Map(); // address -> {id, label}
	const tasks = moments.map((m) => new Map((m.report.task_enrichments ?? []).map((t) => [t.task_kva, t])));
	const dsqs = moments.map((m) => new Map((m.report.dsq_states ?? []).map((d) => [d.dsq_kva, d])));
	for (const m of moments) {
		for (const d of m.report.dsq_states ?? []) names.set(d.dsq_kva, { id: dsqId(d.dsq_kva), label: dsqName(d) });
		for (const r of m.report.rq_scx_states ?? []) names.set(r.rq_kva, { id: cpuId(r.cpu), label: "rq of CPU " + r.cpu });
	}
	// of these the page shows the last moment's only
	for (const t of last.task_enrichments ?? []) names.set(t.task_kva, { id: taskId(t.task_kva), label: taskName(t) });
	for (const x of last.maps ?? []) names.set(x.map_kva, { id: mapId(x.map_kva), label: "map " + x.name });
	const byLabel = new Map([...names].map(([kva, n]) => [n.label, kva]));
	return { last, names, byLabel, tasks, dsqs, task: (kva) => tasks.map((t) => t.get(kva)).filter(Boolean).at(-1) };
};

// An address as a link to the thing that it is, where the page has it.
const address = (ix, kva) => {
	const name = ix.names.get(kva);
	return name ? link(name.id, name.label) : el("code", {}, show(kva));
};

// A path such as late.dsq_states[8].task_kvas[0] -> the nearest thing on it that the page shows.
const follow = (ix, doc, path) => {
	let at = doc, found = null;
	for (const [, key, i] of path.matchAll(/([A-Za-z_]\w*)|\[(\d+)\]/g)) {
		if (key === "kernel_log") found = { id: "log", label: "kernel log" };
		if (key === "event_counter_timeline") found = { id: "timeline", label: "timeline" };
		at = at?.[key ?? Number(i)];
		if (at === undefined || at === null) break;
		if (typeof at === "string" && ix.names.has(at)) found = ix.names.get(at);
		for (const k of ["task_kva", "dsq_kva", "map_kva", "rq_kva"]) if (at[k]) found = ix.names.get(at[k]) ?? found;
		if (key === "scx_sched_state") found = { id: "sched", label: "scheduler" };
	}
	return found;
};
