// values.js - BPF values: one line, or a tree that folds

const scalarText = (v) => {
	switch (v.kind) {
	case "enum": return v.variant ? `${v.variant} (${v.value})` : show(v.value);
	case "char": return v.value;
	case "cpu_list": return `cpus={${v.value ?? v.cpus ?? ""}}`;
	case "bytes": return v.hex ?? v.value ?? "";
	case "unreadable": return `<unreadable: ${v.addr ?? ""} ${v.reason ?? ""}>`;
	case "unsupported": return `<unsupported: ${v.reason ?? ""}>`;
	case "truncated": return `<truncated needed=${v.needed} had=${v.had}>`;
	default: return v.text ?? v.string ?? show(v.value);
	}
};

const isTree = (v) => v && typeof v === "object" && (v.members || v.elements || v.deref || v.partial || v.kind === "repeat");

// [name, value] of the elements; equal neighbours are one, [4..67].
const elementsOf = (elements) => {
	let at = 0;
	return elements.map((x) => {
		const first = at, repeat = x?.kind === "repeat";
		at += repeat ? num(x.count) : 1;
		return repeat ? [`[${first}..${at - 1}]`, x.value] : [`[${first}]`, x];
	});
};

// What a report has of a part: typed, or plain.
const partOf = (e, part) => e?.[part] ?? e?.[part + "_plain"];

const lineOf = (v, room = 160) => {
	if (v === null || v === undefined) return "–";
	if (typeof v !== "object") return show(v);
	if (Array.isArray(v)) return `[${v.map((x) => lineOf(x, 40)).join(", ")}]`.slice(0, room);
	if (!v.kind) return JSON.stringify(v).slice(0, room);
	let text;
	if (v.kind === "repeat") text = `${v.count} × ${lineOf(v.value, 60)}`;
	else if (v.members) text = `${v.type_name ?? ""}{${v.members.map((m) => `${m.name}=${lineOf(m.value, 60)}`).join(", ")}}`;
	else if (v.elements) text = `[${v.elements.slice(0, 16).map((x) => lineOf(x, 40)).join(", ")}${v.elements.length > 16 ? ", …" : ""}]`;
	else text = scalarText(v) + (v.deref ? " → " + lineOf(v.deref, 60) : "");
	return text.length > room ? text.slice(0, room - 1) + "…" : text;
};

const treeNode = (ix, name, v) => {
	const key = el("b", {}, name);
	if (isTree(v)) {
		const parts = () =>
			[
				...(v.members ?? []).map((m) => treeNode(ix, m.name || "(anonymous)", m.value)),
				...elementsOf(v.elements ?? []).slice(0, 1000).map(([at, x]) => treeNode(ix, at, x)),
				v.kind === "repeat" && treeNode(ix, `${v.count} ×`, v.value),
				(v.elements?.length ?? 0) > 1000 && el("p", {}, `… ${v.elements.length - 1000} more`),
				v.deref && treeNode(ix, "→", v.deref),
				v.partial && treeNode(ix, "partial", v.partial),
			].filter(Boolean);
		return fold([key, " ", el("code", {}, lineOf(v, 100))], () => el("div", { class: "tree" }, ...parts()));
	}
	if (v && typeof v === "object" && !v.kind) {
		const entries = Object.entries(v);
		return fold([key, " ", el("code", {}, Array.isArray(v) ? `[${entries.length}]` : `{${entries.length}}`)],
			() => el("div", { class: "tree" }, ...entries.slice(0, 5000).map(([k, x]) => treeNode(ix, k, x))));
	}
	const text = v && typeof v === "object" ? scalarText(v) : show(v);
	return el("div", { class: "leaf" }, key, " ", ix.names.has(text) ? address(ix, text) : el("code", {}, text));
};
