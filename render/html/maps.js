// maps.js - BPF maps: a table of entries each, and the rest as a tree

// Columns of a map whose entries are flat structs; else its key and its value in a line each.
const memberColumns = (entries, part) => {
	const flat = (v) => v?.members && v.members.every((m) => !isTree(m.value));
	const first = partOf(entries[0], part);
	if (!flat(first) || first.members.length > 12 || !entries.slice(0, 50).every((e) => flat(partOf(e, part))))
		return [{ name: part, cell: (e) => lineOf(partOf(e, part)), sort: (e) => (partOf(e, part)?.value ?? lineOf(partOf(e, part))), text: (e) => lineOf(partOf(e, part)) }];
	return first.members.map((m, i) => column(m.name, (e) => lineOf(partOf(e, part)?.members?.[i]?.value), { width: "minmax(5rem,.6fr)" }));
};

const mapBody = (ix, map) => {
	const parts = [facts([["type", map.map_type_name ?? map.map_type], ["key", map.key_size], ["value", map.value_size], ["entries at most", map.max_entries],
		["entries", map.total_entries], ["address", map.map_kva], ["cut", map.cut], ["error", map.error]])];
	const entries = map.entries;
	if (entries?.length) {
		const columns = [entries.some((e) => e.owner) && column("owner", (e) => e.owner, { width: "minmax(9rem,1fr)" }), ...memberColumns(entries, "key"), ...memberColumns(entries, "value")].filter(Boolean);
		parts.push(table("entries of " + map.name, columns, entries, (e) => el("div", { class: "tree" }, treeNode(ix, "entry", e))));
	}
	const { entries: _, ...others } = map;
	parts.push(el("div", { class: "tree" }, treeNode(ix, entries ? "header" : "contents", others)));
	return parts;
};

const mapsSection = (ix) => {
	const maps = ix.last.maps ?? [];
	if (!maps.length) return section("maps", "BPF maps", missing(ix.last.maps_unavailable ?? "no map was read"));
	const search = el("input", { type: "search", placeholder: "Search", "aria-label": "Search in names of maps" });
	const folds = [...maps].sort((a, b) => Number(Boolean(b.active)) - Number(Boolean(a.active))).map((m) => {
		const e = fold([el("b", {}, m.name), " ", el("small", {}, `${m.map_type_name ?? m.map_type}${m.total_entries !== undefined ? `, ${plural(num(m.total_entries), "entry", "entries")}` : ""}${m.active ? "" : ", not the scheduler's"}`)], () => mapBody(ix, m));
		e.id = mapId(m.map_kva);
		e.dataset.name = m.name;
		return e;
	});
	search.addEventListener("input", () => folds.forEach((f) => (f.hidden = !f.dataset.name.toLowerCase().includes(search.value.toLowerCase()))));
	return section("maps", "BPF maps", el("div", { class: "tools" }, search, el("span", { class: "count" }, plural(maps.length, "map"))), ...folds);
};
