/** Hashes of credentials that were good lately or that we gave out. The engine looks at these whatever strangers do. */
import { createHash } from 'node:crypto'
import { RecentMap } from '../../base/recent-map.ts'

/** Of about 100 bytes each; the least recently used goes first. */
const REMEMBERED_MAX = 65_536

export class GoodCredentials {
  readonly #hashes = new RecentMap<string, true>(REMEMBERED_MAX)

  has(credential: string): boolean {
    return this.#hashes.get(hashOf(credential)) === true
  }

  add(credential: string): void {
    const hash = hashOf(credential)
    if (this.#hashes.get(hash) === undefined) this.#hashes.set(hash, true)
  }

  forget(credential: string): void {
    this.#hashes.delete(hashOf(credential))
  }
}

/** What is kept must not be a credential itself, should the memory be seen. */
const hashOf = (credential: string): string => createHash('sha256').update(credential).digest('base64')
