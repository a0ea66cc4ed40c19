// dom.js - elements made from data; guest text only ever becomes a text node

const el = (tag, attrs, ...children) => {
	const e = document.createElement(tag);
	for (const [k, v] of Object.entries(attrs || {})) {
		if (v === null || v === undefined || v === false) continue;
		if (k === "on") for (const [event, f] of Object.entries(v)) e.addEventListener(event, f);
		else e.setAttribute(k, v === true ? "" : v);
	}
	e.append(...children.flat(9).filter((c) => c !== null && c !== undefined && c !== false));
	return e;
};

const svg = (tag, attrs, ...children) => {
	const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const [k, v] of Object.entries(attrs || {})) e.setAttribute(k, v);
	e.append(...children);
	return e;
};

// A folded part: what is in it is made when it is opened.
const fold = (summary, make, open) => {
	const e = el("details", {}, el("summary", {}, summary));
	let made = false;
	const fill = () => {
		if (!made) e.append(...[make()].flat());
		made = true;
	};
	e.addEventListener("toggle", () => e.open && fill());
	e.fill = fill;
	if (open) {
		fill();
		e.open = true;
	}
	return e;
};

const section = (id, title, ...children) =>
	el("section", { id, "aria-labelledby": id + "-title" },
		el("h2", { id: id + "-title", tabindex: "-1" }, title), ...children);

const missing = (reason) => el("p", { class: "missing" }, "Not available: " + reason);

// Things that have no element until they are asked for (rows of a long table): id -> function that makes it.
const reveals = new Map();

// Goes to an element: what folds it in is opened, the focus moves with the view.
const goTo = (id) => {
	const target = document.getElementById(id) ?? reveals.get(id)?.();
	if (!target) return;
	for (let p = target; p; p = p.parentElement)
		if (p.tagName === "DETAILS") {
			p.fill?.();
			p.open = true;
		}
	const focus = target.tagName === "SECTION" ? target.querySelector("h2") : target;
	if (!focus.hasAttribute("tabindex")) focus.setAttribute("tabindex", "-1");
	focus.scrollIntoView({ block: "center" });
	focus.focus({ preventScroll: true });
	target.classList.add("hit");
	setTimeout(() => target.classList.remove("hit"), 1500);
};

const link = (id, ...label) =>
	el("a", { href: "#" + id, on: { click: (ev) => { ev.preventDefault(); history.replaceState(null, "", "#" + id); goTo(id); } } }, ...label);
