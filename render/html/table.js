// table.js - a table of any length: search, sort, rows that are made as they scroll

const ROW = 30; // px, as in page.css
const VIEW = 15; // rows that are seen at once

// columns: [{name, cell(row) -> node or text, sort(row) -> number or text, num, width}]
const table = (label, columns, rows, detail) => {
	const texts = new Map();
	const text = (row) => {
		if (!texts.has(row)) texts.set(row, columns.map((c) => c.text?.(row) ?? c.sort?.(row) ?? "").join(" ").toLowerCase());
		return texts.get(row);
	};
	let shown = rows, order = null, down = false, first = -1, last = -1;
	const count = el("span", { class: "count", "aria-live": "polite" });
	const search = el("input", { type: "search", placeholder: "Search", "aria-label": `Search in ${label}` });
	const grid = columns.map((c) => c.width ?? "minmax(6rem,1fr)").join(" ");
	const row = (cls, attrs, cells) => {
		const e = el("div", { class: "tr " + cls, role: "row", ...attrs }, ...cells);
		e.style.gridTemplateColumns = grid;
		return e;
	};
	const heads = columns.map((c, i) =>
		el("div", { role: "columnheader", class: c.num ? "num" : "", "aria-sort": "none" },
			el("button", { type: "button", on: { click: () => sortBy(i) } }, c.name)));
	const body = el("div", { class: "tbody", role: "rowgroup" });
	const space = el("div", { class: "space" });
	const view = el("div", { class: "view", tabindex: "0", role: "table", "aria-label": label }, row("head", {}, heads), space);
	space.append(body);

	const make = (r, i) =>
		row(i % 2 ? "odd" : "", { "aria-rowindex": i + 2, tabindex: detail ? "0" : null, "data-i": i },
			columns.map((c) => el("div", { role: "cell", class: c.num ? "num" : "" }, c.cell(r))));
	const draw = (all) => {
		const from = all ? 0 : Math.max(0, Math.floor(view.scrollTop / ROW) - 5);
		const to = all ? Math.min(shown.length, 2000) : Math.min(shown.length, from + VIEW + 12);
		if (from === first && to === last) return;
		first = from;
		last = to;
		body.style.transform = `translateY(${from * ROW}px)`;
		body.replaceChildren(...shown.slice(from, to).map((r, i) => make(r, from + i)));
	};
	const renew = () => {
		const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
		shown = words.length ? rows.filter((r) => words.every((w) => text(r).includes(w))) : rows.slice();
		if (order !== null) {
			const key = columns[order].sort;
			const cmp = (a, b) => {
				const x = key(a), y = key(b), nx = num(x), ny = num(y);
				return Number.isNaN(nx) || Number.isNaN(ny) ? String(x ?? "").localeCompare(String(y ?? "")) : nx - ny;
			};
			shown.sort((a, b) => (down ? -cmp(a, b) : cmp(a, b)));
		}
		count.textContent = shown.length === rows.length ? plural(rows.length, "row") : `${shown.length} of ${rows.length} rows`;
		view.setAttribute("aria-rowcount", shown.length + 1);
		space.style.height = `${shown.length * ROW}px`;
		view.scrollTop = 0;
		first = -1;
		draw();
	};
	const sortBy = (i) => {
		if (!columns[i].sort) return;
		down = order === i ? !down : Boolean(columns[i].num);
		order = i;
		heads.forEach((h, k) => h.setAttribute("aria-sort", k === i ? (down ? "descending" : "ascending") : "none"));
		renew();
	};
	const open = (ev) => {
		if (ev.target.closest("a,button,summary")) return;
		const r = ev.target.closest(".tr[data-i]");
		if (r) below.replaceChildren(detail(shown[Number(r.dataset.i)]));
	};
	const below = el("div", { class: "detail" });
	view.addEventListener("scroll", () => draw());
	search.addEventListener("input", renew);
	if (detail) {
		body.addEventListener("click", open);
		body.addEventListener("keydown", (ev) => (ev.key === "Enter" || ev.key === " ") && (ev.preventDefault(), open(ev)));
	}
	addEventListener("beforeprint", () => { first = -1; draw(true); });
	addEventListener("afterprint", () => { first = -1; draw(); });
	renew();
	const whole = el("div", { class: "table" }, el("div", { class: "tools" }, search, count), view, below);
	// Scrolls to a row, opens its detail, and gives the row's element.
	whole.reveal = (r) => {
		search.value = "";
		renew();
		const i = shown.indexOf(r);
		view.scrollTop = Math.max(0, (i - 5) * ROW);
		draw();
		if (detail) below.replaceChildren(detail(r));
		return body.querySelector(`[data-i="${i}"]`);
	};
	return whole;
};

const column = (name, get, more = {}) => ({
	name,
	cell: (r) => show(get(r)),
	sort: (r) => { const v = get(r); return v && typeof v === "object" ? "" : v; },
	text: (r) => show(get(r)),
	...more,
});
const numeric = (name, get, more = {}) => column(name, get, { num: true, width: "minmax(5rem,.5fr)", cell: (r) => grouped(get(r)), ...more });
