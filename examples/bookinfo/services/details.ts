// Details of a book: who wrote it, when, how long it is. With the argument "broken" it says that it is healthy, and answers 500.
import { notFound, podname, productId, serve } from "./serve.ts";

const isBroken = process.argv[2] === "broken";

serve("details", (_request, url) => {
  const id = productId(url, "details");
  if (id === undefined) return notFound();
  if (isBroken) return Response.json({ error: "out of ink", podname }, { status: 500 });
  return Response.json({
    id,
    podname,
    author: "William Shakespeare",
    year: 1595,
    type: "paperback",
    pages: 200,
    publisher: "PublisherA",
    language: "English",
    "ISBN-10": "1234567890",
    "ISBN-13": "123-1234567890",
  });
});
