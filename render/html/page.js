// page.js - from the packed report to the page

const unpack = async () => {
	const packed = document.getElementById("report").textContent.trim();
	const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
	return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};

const header = (doc, ix) => {
	const s = ix.last.scx_sched_state, g = ix.last.guest ?? {};
	const moments = doc.schema === "dual" ? (doc.diff?.elapsed_ms !== undefined ? `two moments, ${duration(num(doc.diff.elapsed_ms))} apart` : `one moment: ${doc.early_skipped_reason ?? "no early half"}`)
		: doc.schema === "degraded" ? `degraded: ${doc.reason ?? ""}` : "one moment";
	return el("header", {}, el("h1", {}, s?.name ? `Scheduler ${s.name}` : "sched_ext report"),
		el("p", {}, [g.release, plural(num(g.nr_cpus) || 0, "CPU"), moments, doc.generator].filter(Boolean).join(" · ")));
};

const build = (text) => {
	const doc = parseReport(text);
	if (doc.schema_version !== 2) throw new Error(`it has schema_version ${doc.schema_version}`);
	const moments = momentsOf(doc), ix = index(moments);
	const stalled = stalledTasks(ix, doc);
	const sections = [causeSection(ix, doc), cpusSection(ix, moments), queuesSection(ix, doc, moments), stalledSection(ix, stalled), timelineSection(ix, moments),
		mapsSection(ix), tasksSection(ix, stalled), schedSection(ix), progsSection(ix), stacksSection(ix), logSection(ix), rawSection(ix, doc, text)];
	const nav = el("nav", { "aria-label": "Sections" }, ...sections.map((s) => link(s.id, s.querySelector("h2").textContent)));
	document.title = `${ix.last.scx_sched_state?.name ?? "sched_ext"}: scxray report`;
	document.body.replaceChildren(el("a", { href: "#cause", class: "skip" }, "Skip to the cause"), header(doc, ix), nav, el("main", {}, ...sections));
	if (location.hash.length > 1) goTo(decodeURIComponent(location.hash.slice(1)));
	document.documentElement.dataset.ready = "yes";
};

unpack().then(build).catch((e) => {
	document.getElementById("state").textContent = "This report can't be shown: " + e.message + ". A scxray report of schema_version 2 and a browser of 2023 or later are needed.";
	document.documentElement.dataset.ready = "failed";
});
