// cause.js - the first screen: the cause as one sentence, the other findings, where their evidence is

const findingLinks = (ix, doc, finding) => {
	const seen = new Map();
	for (const t of finding.tasks ?? []) {
		const kva = ix.byLabel.get(taskName(t));
		if (kva) seen.set(kva, ix.names.get(kva));
	}
	for (const path of finding.evidence ?? []) {
		const found = follow(ix, doc, path);
		if (found && ![...seen.values()].some((f) => f.id === found.id)) seen.set(found.id, found);
	}
	return [...seen.values()].slice(0, 12).map((f) => link(f.id, f.label));
};

// Names such as victim1[99] and DSQ 0x57a11 in a sentence become links.
const linked = (ix, text) => {
	const parts = [];
	let at = 0;
	for (const m of text.matchAll(/DSQ 0x[0-9a-f]+|\S+\[\d+\]/g)) {
		const name = ix.names.get(ix.byLabel.get(m[0]));
		if (!name) continue;
		parts.push(text.slice(at, m.index), link(name.id, m[0]));
		at = m.index + m[0].length;
	}
	return [...parts, text.slice(at)];
};

const rankOf = (f) => f.rank ?? (f.severity === "info" ? "note" : f.severity);

const causeSection = (ix, doc) => {
	const findings = doc.diagnosis ?? [];
	if (!findings.length) return section("cause", "Diagnosis", el("p", { class: "lead" }, "Nothing in the report points to a failure."));
	const [first, ...rest] = findings;
	const evidence = (f) => {
		const links = findingLinks(ix, doc, f);
		return links.length ? el("p", { class: "evidence" }, "evidence: ", ...links.flatMap((l, i) => (i ? [", ", l] : [l]))) : null;
	};
	const item = (f) =>
		el("li", { class: "finding " + rankOf(f) },
			el("span", { class: "badge " + rankOf(f) }, rankOf(f)),
			el("div", {}, el("p", {}, ...linked(ix, f.text)), evidence(f)));
	return section("cause", rankOf(first) === "cause" ? "The cause" : "What happened",
		el("p", { class: "lead" }, ...linked(ix, first.text)), evidence(first),
		rest.length > 0 && el("ul", { class: "findings" }, ...rest.slice(0, 12).map(item)),
		rest.length > 12 && fold(`${rest.length - 12} further findings`, () => el("ul", { class: "findings" }, ...rest.slice(12).map(item))));
};
