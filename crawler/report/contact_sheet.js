"use strict";
// Shows what stands in the page's data elements. All of it was written by strangers: it is only ever set as text, or as
// the address of a link to a web page, or of a picture that holds itself.

const FIELDS = [
  "group", "reason", "near", "equal", "isNear", "url", "name", "path", "type", "width", "height", "bytes", "received",
  "places", "page", "alt", "caption", "detail",
];
const SLICE = 60; // cards that are made at once
const AHEAD = "1200px", NEAR = "400px"; // below what is seen: where cards are made, where pictures are set

const sheet = document.getElementById("sheet");
const more = document.getElementById("more");
const count = document.getElementById("count");
const tools = document.getElementById("tools");
const collator = new Intl.Collator("en", { numeric: true });
const number = new Intl.NumberFormat("en");

const pictures = []; // all, in the order of the page
const groups = new Map(); // a group's pictures by its number
const drawers = [...document.querySelectorAll("script.thumbnails")]; // of thumbnails, read when one of them is near
const opened = [];
let slice = 0; // how many pictures have their thumbnails in one drawer
let cards = []; // what is shown now: the pictures that stand for themselves or their group
let made = 0; // how many of them have their card

for (const element of document.querySelectorAll("script.rows")) {
  const rows = JSON.parse(element.textContent);
  slice ||= rows.length;
  for (const row of rows) {
    const picture = { index: pictures.length, pixels: 0, host: "", haystack: "" };
    FIELDS.forEach((field, position) => (picture[field] = row[position]));
    picture.pixels = picture.width * picture.height;
    picture.host = isWeb(picture.url) ? picture.url.split("/")[2] : "";
    pictures.push(picture);
    if (!groups.has(picture.group)) groups.set(picture.group, []);
    groups.get(picture.group).push(picture);
  }
  element.remove();
}

function isWeb(url) {
  if (!/^https?:\/\//i.test(url) || url.endsWith("…")) return false; // what is cut leads elsewhere
  try {
    return ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}

function thumbnail(picture) {
  const drawer = Math.floor(picture.index / slice);
  if (!opened[drawer]) {
    opened[drawer] = JSON.parse(drawers[drawer].textContent);
    drawers[drawer].remove();
  }
  const address = opened[drawer][picture.index % slice];
  const first = groups.get(picture.group)[0];
  return address || picture === first || !picture.reason ? address : thumbnail(first);
}

// Elements

function make(tag, kind, ...contents) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.append(...contents.filter(Boolean));
  return element;
}

function link(url, text) {
  const element = make(isWeb(url) ? "a" : "span", "", text);
  element.dir = "auto";
  if (isWeb(url)) {
    element.href = url;
    element.rel = "noreferrer noopener";
    element.target = "_blank";
  }
  return element;
}

function line(kind, text) {
  const element = text && make("div", kind, text);
  if (element) element.dir = "auto";
  return element;
}

function size(bytes) {
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (bytes < 999.5) return `${unit === "B" || bytes >= 99.95 ? Math.round(bytes) : bytes.toFixed(1)} ${unit}`;
    bytes /= 1000;
  }
  return `${bytes.toFixed(1)} TB`;
}

function facts(picture) {
  const parts = [
    picture.width && picture.height ? `${picture.width} × ${picture.height}` : "",
    picture.bytes ? size(picture.bytes) : "",
    picture.type,
  ];
  return parts.filter(Boolean).join(" · ");
}

function why(picture) {
  if (!picture.reason) return picture.isNear ? "looks like the first" : "";
  return picture.received ? `${picture.reason}, cost ${size(picture.received)}` : picture.reason;
}

function seen(picture) {
  const others = picture.places - 1;
  if (!picture.page) return picture.places ? `in ${number.format(picture.places)} rows of lists` : "";
  const where = make("span", "", "on ", link(picture.page, picture.page.replace(/^https?:\/\//i, "")));
  if (others > 0) where.append(` and ${number.format(others)} more`);
  return where;
}

function body(picture) {
  const place = make("div", "picture");
  place.picture = picture;
  near.observe(place);
  return [
    place,
    line("name", picture.name),
    line("facts", facts(picture)),
    line("facts", picture.host),
    line("why", why(picture)),
    line("said", picture.alt || picture.caption),
    make("div", "seen", seen(picture)),
  ];
}

function lazily(kind, title, contents) {
  const details = make("details", kind, make("summary", "", title));
  details.addEventListener("toggle", () => details.append(...contents()), { once: true });
  return details;
}

function allOf(picture) {
  const list = make("dl");
  const rows = [
    ["image", link(picture.url, picture.url)],
    ["file", picture.path],
    ["alt", picture.alt],
    ["caption", picture.caption],
    ["received", picture.received ? `${number.format(picture.received)} bytes` : ""],
    ["said", picture.detail],
  ];
  for (const [term, value] of rows) {
    if (value) {
      const description = make("dd", "", value);
      description.dir = "auto";
      list.append(make("dt", "", term), description);
    }
  }
  return list;
}

function twins(picture) {
  const all = groups.get(picture.group);
  const told = [[all[0].near, "alike"], [all[0].equal, "equal"]].filter(([many]) => many);
  if (!tools.elements.fold.checked || !told.length) return null;
  const title = told.map(([many, word]) => `${number.format(many)} ${word}`).join(", ");
  return lazily("twins", title, () => {
    const others = all.filter((other) => other !== picture);
    const list = make("ul", "", ...others.map((other) => make("li", "", ...body(other), allOf(other))));
    const missing = all[0].near + all[0].equal + 1 - all.length;
    return [list, missing > 0 && `and ${number.format(missing)} more`].filter(Boolean);
  });
}

function card(picture) {
  return make("li", "", ...body(picture), twins(picture), lazily("", "details", () => [allOf(picture)]));
}

function show(place) {
  const { picture } = place;
  const address = thumbnail(picture);
  if (!address) {
    place.append(make("div", "drawn", picture.reason || picture.type || "no thumbnail"));
    return;
  }
  const image = document.createElement("img");
  image.alt = picture.alt || picture.name;
  image.decoding = "async";
  image.src = address;
  place.append(image);
}

// Only what comes near is made and decoded

const near = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting && entry.target.isConnected) {
      near.unobserve(entry.target);
      show(entry.target);
    }
  }
}, { rootMargin: NEAR });

const below = new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting) && made < cards.length) extend(SLICE);
}, { rootMargin: AHEAD });

function extend(many) {
  const batch = cards.slice(made, made + many);
  made += batch.length;
  sheet.append(...batch.map(card));
  below.unobserve(more); // observed anew, it is told again whether that was enough
  if (made < cards.length) below.observe(more);
}

addEventListener("beforeprint", () => {
  extend(cards.length);
  for (const place of document.querySelectorAll(".picture:empty")) {
    near.unobserve(place);
    show(place);
  }
});

// Which pictures are shown, in which order

function wanted() {
  const { text, type, host, state, width, height, size } = tools.elements;
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const least = Number(size.value) * 1000;
  return (picture) =>
    (!type.value || picture.type === type.value.slice(1)) &&
    (!host.value || picture.host === host.value.slice(1)) &&
    isIn(picture, state.value) &&
    picture.width >= Number(width.value) && picture.height >= Number(height.value) && picture.bytes >= least &&
    words.every((word) => haystack(picture).includes(word));
}

function isIn(picture, state) {
  if (state === "kept") return !picture.reason;
  if (state === "twins") return groups.get(picture.group).length > 1;
  return !state || picture.reason === state.slice(1);
}

function haystack(picture) {
  picture.haystack ||= [picture.name, picture.url, picture.alt, picture.caption, picture.page].join("\n").toLowerCase();
  return picture.haystack;
}

function twinsOf(picture) {
  const first = groups.get(picture.group)[0];
  return first.near + first.equal;
}

const ORDERS = {
  "": (one, other) => one.index - other.index,
  name: (one, other) => collator.compare(one.name, other.name),
  pixels: (one, other) => other.pixels - one.pixels,
  bytes: (one, other) => other.bytes - one.bytes,
  places: (one, other) => other.places - one.places,
  twins: (one, other) => twinsOf(other) - twinsOf(one),
};

function choose() {
  const matches = pictures.filter(wanted());
  const folded = new Map();
  for (const picture of matches) if (!folded.has(picture.group)) folded.set(picture.group, picture);
  cards = tools.elements.fold.checked ? [...folded.values()] : matches;
  cards.sort(ORDERS[tools.elements.order.value]);
  count.textContent = `${number.format(matches.length)} of ${number.format(pictures.length)}`;
  near.disconnect();
  sheet.replaceChildren();
  made = 0;
  extend(SLICE);
}

function offer(name, first, values) {
  const many = new Map();
  for (const value of values) many.set(value, (many.get(value) ?? 0) + 1);
  const options = [...many].sort((one, other) => other[1] - one[1]);
  const list = tools.elements[name];
  for (const [value, text] of first) list.append(new Option(text, value));
  for (const [value, times] of options) {
    list.append(new Option(`${value || "unknown"} (${number.format(times)})`, `=${value}`));
  }
}

offer("type", [["", "all"]], pictures.map((picture) => picture.type));
offer("host", [["", "all"]], pictures.map((picture) => picture.host));
const reasons = pictures.map((picture) => picture.reason).filter(Boolean);
offer("state", [["", "all"], ["kept", "kept"], ["twins", "with twins"]], reasons);

let pause = 0;
tools.addEventListener("input", (event) => {
  clearTimeout(pause);
  pause = setTimeout(choose, event.target.type === "search" ? 120 : 0);
});
tools.addEventListener("reset", () => setTimeout(choose));
tools.addEventListener("submit", (event) => event.preventDefault());
document.getElementById("reasons").addEventListener("click", (event) => {
  if (event.target.type === "button") {
    tools.reset();
    const { state } = tools.elements;
    state.value = `=${event.target.value}`;
    if (state.selectedIndex < 0) state.selectedIndex = 0; // none of them are shown here
    choose();
    tools.scrollIntoView();
  }
});
choose();
