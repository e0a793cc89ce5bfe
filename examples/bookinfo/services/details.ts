// Details of a book: who wrote it, when, how long it is.
import { notFound, podname, productId, serve } from "./serve.ts";

serve("details", (_request, url) => {
  const id = productId(url, "details");
  if (id === undefined) return notFound();
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
