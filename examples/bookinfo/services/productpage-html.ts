// The product page as HTML, without a template library: one page, everything from outside escaped.
import type { Answer } from "./productpage.ts";

interface Product {
  readonly title: string;
  readonly description: string;
}

interface Review {
  readonly reviewer: string;
  readonly text: string;
  readonly rating?: { readonly stars?: number; readonly color?: string; readonly error?: string };
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem 1.5rem 3rem; }
header { display: flex; justify-content: space-between; align-items: baseline; border-bottom: 1px solid #8884; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; } dt { opacity: .7; } dd { margin: 0; }
blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 3px solid #8888; } .stars { letter-spacing: .15em; }
.black { color: currentColor; } .red { color: #d22; } .from { font-size: .8rem; opacity: .7; } .error { color: #c60; }`;

function rating(review: Review): string {
  if (review.rating === undefined) return "";
  const { stars, color } = review.rating;
  if (stars === undefined) return `<div class="error">${escape(review.rating.error ?? "")}</div>`;
  const kept = Math.max(0, Math.min(5, Math.round(stars)));
  const drawn = "★".repeat(kept) + "☆".repeat(5 - kept);
  return `<div class="stars ${color === "red" ? "red" : "black"}" title="${kept} of 5">${drawn}</div>`;
}

function reviewList(answer: Answer): string {
  if (!answer.ok)
    return `<p class="error">Sorry, product reviews are currently unavailable for this book (${escape(answer.error)}).</p>`;
  const body = answer.body as { readonly podname: string; readonly reviews: readonly Review[] };
  const items = body.reviews.map(
    (review) =>
      `<blockquote><p>${escape(review.text)}</p><small>— ${escape(review.reviewer)}</small>${rating(review)}</blockquote>`,
  );
  return `${items.join("\n")}<p class="from">Reviews served by ${escape(body.podname)}</p>`;
}

function detailList(answer: Answer): string {
  if (!answer.ok)
    return `<p class="error">Sorry, product details are currently unavailable for this book (${escape(answer.error)}).</p>`;
  const { podname, id: _id, ...fields } = answer.body as Readonly<Record<string, unknown>>;
  const rows = Object.entries(fields).map(
    ([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(String(value))}</dd>`,
  );
  return `<dl>${rows.join("\n")}</dl><p class="from">Details served by ${escape(String(podname))}</p>`;
}

export function renderPage(
  product: Product,
  user: string | undefined,
  details: Answer,
  reviews: Answer,
  podname: string,
): string {
  const session =
    user === undefined
      ? '<form action="/login"><input name="username" placeholder="jason" aria-label="User name"> <button>Sign in</button></form>'
      : `<span>${escape(user)} (<a href="/logout">sign out</a>)</span>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(product.title)}</title><style>${STYLE}</style></head>
<body><header><h1>${escape(product.title)}</h1>${session}</header>
<p>${escape(product.description)}</p>
<main><section><h2>Book details</h2>${detailList(details)}</section>
<section><h2>Book reviews</h2>${reviewList(reviews)}</section></main>
<footer class="from">Page served by ${escape(podname)}</footer></body></html>
`;
}
