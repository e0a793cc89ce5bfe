// Stars of the two reviewers.
import { notFound, podname, productId, serve } from "./serve.ts";

serve("ratings", (_request, url) => {
  const id = productId(url, "ratings");
  if (id === undefined) return notFound();
  return Response.json({ id, podname, ratings: { Reviewer1: 5, Reviewer2: 4 } });
});
