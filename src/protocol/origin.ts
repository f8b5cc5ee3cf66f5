/** Origins of pages (RFC 6454): what stands in the header `Origin`, and in the list of those that may come. */

/** Web views load an app's own pages by schemes of their own, `file://` without a host. */
const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([\w.-]*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

/**
 * The origin as a browser writes it: lower case, without the scheme's own port. Output: null for what is none, and for
 * `null`, the origin of sandboxes, which is nobody's.
 */
export function canonicalOrigin(text: string): string | null {
  const [, scheme, host] = ORIGIN.exec(text) ?? []
  if (scheme === undefined) return null
  if (!/^https?$/i.test(scheme)) return text.toLowerCase()
  return host !== '' && URL.canParse(text) ? new URL(text).origin : null
}
