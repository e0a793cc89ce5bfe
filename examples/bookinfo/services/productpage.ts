// The page that people see, put together from details and reviews; the same as JSON below /api/v1.

import { renderPage } from "./productpage-html.ts";
import { notFound, passedOn, podname, serve } from "./serve.ts";

/** Shorter than what reviews allows for ratings (10 s): the known flaw that a 7 s delay brings to light. */
const BACKEND_TIMEOUT_MS = 3_000;
/** One more try for reviews. */
const REVIEWS_TRIES = 2;

const PRODUCT = {
  id: 0,
  title: "The Comedy of Errors",
  description: "Two pairs of twins, one day, one town, and nobody sure who is who.",
} as const;

export type Answer =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly status: number; readonly error: string };

async function ask(request: Request, url: string): Promise<Answer> {
  try {
    const response = await fetch(url, {
      headers: headersFor(request),
      signal: AbortSignal.timeout(BACKEND_TIMEOUT_MS),
    });
    if (response.ok) return { ok: true, body: await response.json() };
    await response.body?.cancel();
    return { ok: false, status: response.status, error: `answered ${response.status}` };
  } catch (error) {
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    return {
      ok: false,
      status: timedOut ? 504 : 503,
      error: timedOut ? "timed out" : "unreachable",
    };
  }
}

/** The signed-in user travels as the header `end-user`, from the cookie or as it came. */
function headersFor(request: Request): Record<string, string> {
  const headers = passedOn(request);
  const user = userOf(request);
  if (user !== undefined) headers["end-user"] = user;
  return headers;
}

function userOf(request: Request): string | undefined {
  const cookie = /(?:^|;\s*)user=([\w.-]{1,64})/.exec(request.headers.get("cookie") ?? "");
  return cookie?.[1] ?? request.headers.get("end-user") ?? undefined;
}

async function reviews(request: Request): Promise<Answer> {
  let answer: Answer = { ok: false, status: 503, error: "unreachable" };
  for (let tries = 0; tries < REVIEWS_TRIES && !answer.ok; tries += 1) {
    answer = await ask(request, `http://reviews:9080/reviews/${PRODUCT.id}`);
  }
  return answer;
}

const details = (request: Request): Promise<Answer> =>
  ask(request, `http://details:9080/details/${PRODUCT.id}`);

const json = (answer: Answer, service: string): Response =>
  answer.ok
    ? Response.json(answer.body)
    : Response.json(
        { error: `Sorry, product ${service} are currently unavailable for this book.` },
        { status: answer.status },
      );

async function page(request: Request): Promise<Response> {
  const [about, opinions] = await Promise.all([details(request), reviews(request)]);
  const html = renderPage(PRODUCT, userOf(request), about, opinions, podname);
  return new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } });
}

function signIn(url: URL): Response {
  const user = (url.searchParams.get("username") ?? "").replace(/[^\w.-]/g, "").slice(0, 64);
  return new Response(null, {
    status: 302,
    headers: {
      location: "/productpage",
      "set-cookie": `user=${user}; Path=/; HttpOnly; SameSite=Lax`,
    },
  });
}

function signOut(): Response {
  return new Response(null, {
    status: 302,
    headers: { location: "/productpage", "set-cookie": "user=; Path=/; Max-Age=0" },
  });
}

serve("productpage", async (request, url) => {
  switch (url.pathname) {
    case "/":
      return new Response(null, { status: 302, headers: { location: "/productpage" } });
    case "/productpage":
      return await page(request);
    case "/login":
      return signIn(url);
    case "/logout":
      return signOut();
    case "/api/v1/products":
      return Response.json([PRODUCT]);
    case "/api/v1/products/0":
      return json(await details(request), "details");
    case "/api/v1/products/0/reviews":
      return json(await reviews(request), "reviews");
    default:
      return notFound();
  }
});
