/**
 * A map by text for what is never taken out, and which grows without a pause.
 *
 * V8 moves all entries of a `Map` at once when it doubles: 124 ms at half a million. Here the keys lie in many maps, of
 * which one doubles at a time, and the values in the order in which their keys came first.
 */
const PARTS = 256

export class GrowingMap<V> {
  readonly #indexes = Array.from({ length: PARTS }, () => new Map<string, number>())
  readonly #values: V[] = []

  get size(): number {
    return this.#values.length
  }

  has(key: string): boolean {
    return this.#partOf(key).has(key)
  }

  get(key: string): V | undefined {
    const index = this.#partOf(key).get(key)
    return index === undefined ? undefined : this.#values[index]
  }

  set(key: string, value: V): void {
    const part = this.#partOf(key)
    const index = part.get(key)
    if (index !== undefined) this.#values[index] = value
    else {
      part.set(key, this.#values.length)
      this.#values.push(value)
    }
  }

  values(): IterableIterator<V> {
    return this.#values.values()
  }

  #partOf(key: string): Map<string, number> {
    let hash = 0
    for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0
    return this.#indexes[(hash ^ (hash >>> 8) ^ (hash >>> 16)) & (PARTS - 1)]!
  }
}
