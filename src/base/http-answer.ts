/** What is taken of an answer over HTTP that `fetch` gave, or of its failure. */

/** Its text; null where it is longer than it may be: nothing more is read then, and its connection ends. Errors: those of the connection. */
export async function textWithin(response: Response, maxBytes: number): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > maxBytes) return null
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

/** Why nobody was reached: fetch hides the reason behind its own words. */
export function whyUnreachable(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
