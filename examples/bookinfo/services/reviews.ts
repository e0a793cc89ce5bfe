// Reviews of a book, in three versions: v1 shows no stars, v2 black ones, v3 red ones. Run: bun reviews.ts v2
import { notFound, passedOn, podname, productId, serve } from "./serve.ts";

const STAR_COLORS: Readonly<Record<string, "black" | "red" | undefined>> = {
  v1: undefined,
  v2: "black",
  v3: "red",
};
/** v2 and v3 wait this long for the stars, then say that there are none now. */
const RATINGS_TIMEOUT_MS = 10_000;

const version = process.argv[2] ?? "v1";
if (!(version in STAR_COLORS)) {
  console.error(`reviews: unknown version ${JSON.stringify(version)}: v1, v2 or v3`);
  process.exit(64);
}
const color = STAR_COLORS[version];

type Rating = { readonly stars: number; readonly color: string } | { readonly error: string };

const UNAVAILABLE: Rating = { error: "Ratings service is currently unavailable" };

async function ratings(
  request: Request,
  id: number,
): Promise<ReadonlyMap<string, number> | undefined> {
  try {
    const response = await fetch(`http://ratings:9080/ratings/${id}`, {
      headers: passedOn(request),
      signal: AbortSignal.timeout(RATINGS_TIMEOUT_MS),
    });
    if (!response.ok) return undefined;
    const body = (await response.json()) as { readonly ratings: Readonly<Record<string, number>> };
    return new Map(Object.entries(body.ratings));
  } catch {
    return undefined;
  }
}

function ratingOf(stars: ReadonlyMap<string, number> | undefined, reviewer: string): Rating {
  const count = stars?.get(reviewer);
  return count === undefined || color === undefined ? UNAVAILABLE : { stars: count, color };
}

serve("reviews", async (request, url) => {
  const id = productId(url, "reviews");
  if (id === undefined) return notFound();
  const stars = color === undefined ? undefined : await ratings(request, id);
  const review = (reviewer: string, text: string): object =>
    color === undefined
      ? { reviewer, text }
      : { reviewer, text, rating: ratingOf(stars, reviewer) };
  return Response.json({
    id: String(id),
    podname,
    version,
    reviews: [
      review(
        "Reviewer1",
        "Twins, mistaken for each other all day long: I have not laughed so much in years.",
      ),
      review(
        "Reviewer2",
        "Short, loud and silly beside the great plays, and all the better for it.",
      ),
    ],
  });
});
