/** Who shows a credential: read from the plain text of a token, or known from where a ticket was given. */
export class Principals {
  readonly #tickets = new Map<string, string>()

  /** This ticket was given to a session of that principal. */
  know(ticket: string, principal: string): void {
    this.#tickets.set(ticket, principal)
  }

  of(credential: string): string {
    return this.#tickets.get(credential) ?? subjectOf(credential)
  }
}

/** Tokens of a simulated world are a prefix and the base64url of a JSON list that begins with the subject. */
function subjectOf(token: string): string {
  const claims: unknown = JSON.parse(Buffer.from(token.slice(token.indexOf('_') + 1), 'base64url').toString())
  if (!Array.isArray(claims) || typeof claims[0] !== 'string') throw new Error(`This token names nobody: ${token}`)
  return claims[0]
}
