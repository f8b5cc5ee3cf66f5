/**
 * Reads OpenStreetMap XML: `node`, `way`, `nd` and `tag` with their attributes; all else is passed over.
 *
 * Not a reader of all XML, and bounded: an element of more than 1 MiB, and a document type, which could define entities,
 * are refused.
 */
import { type OsmSink, type OsmTags, UnreadableOsm } from './osm-elements.ts'

const MAX_ELEMENT = 1024 * 1024
const MAX_WAY_NODES = 100_000

/** Errors: `UnreadableOsm`. */
export async function readOsmXml(file: AsyncIterable<Uint8Array>, sink: OsmSink): Promise<void> {
  const elements = new Elements(sink)
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of file) {
    text += decoder.decode(bytes, { stream: true })
    let from = 0
    for (;;) {
      const start = text.indexOf('<', from)
      const end = start === -1 ? -1 : endOf(text, start)
      if (end === -1) {
        text = start === -1 ? '' : text.slice(start)
        break
      }
      elements.take(text.slice(start + 1, end))
      from = end + 1
    }
    if (text.length > MAX_ELEMENT) throw new UnreadableOsm('An element of it has no end within 1 MiB.')
  }
  elements.end(text)
}

/** Where the element that begins there ends; -1 when that is not here yet. A > in quotes or in a comment is none. */
function endOf(text: string, start: number): number {
  if (text.startsWith('<!--', start)) {
    const end = text.indexOf('-->', start + 4)
    return end === -1 ? -1 : end + 2
  }
  let quote = ''
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!
    if (quote !== '') {
      if (char === quote) quote = ''
    } else if (char === '"' || char === "'") quote = char
    else if (char === '>') return at
  }
  return -1
}

class Elements {
  readonly #sink: OsmSink
  #isOsm = false
  #hasEnded = false
  /** The node or way that is open, with what it has so far. */
  #open: { name: string; attributes: OsmTags; nodeIds: number[]; tags: Map<string, string> } | null = null

  constructor(sink: OsmSink) {
    this.#sink = sink
  }

  /** Takes what stands between < and >. */
  take(text: string): void {
    if (text.startsWith('!DOCTYPE')) throw new UnreadableOsm('It has a document type, which no OpenStreetMap file has.')
    if (text.startsWith('?') || text.startsWith('!')) return
    if (text.startsWith('/')) return this.#close(text.slice(1).trim())
    const name = /^[^\s/]+/.exec(text)?.[0] ?? ''
    if (name === 'osm') this.#isOsm = true
    else if (!this.#isOsm) throw new UnreadableOsm('It is no OpenStreetMap XML: its first element is not <osm>.')
    else if (name === 'nd') this.#open?.nodeIds.push(numberIn(attributesOf(text), 'ref'))
    else if (name === 'tag') this.#tag(attributesOf(text))
    else if (name === 'node' || name === 'way' || name === 'relation') {
      this.#open = { name, attributes: attributesOf(text), nodeIds: [], tags: new Map() }
      if (text.endsWith('/')) this.#close(name)
    }
    if (this.#open !== null && this.#open.nodeIds.length > MAX_WAY_NODES)
      throw new UnreadableOsm('A way of it has more than 100,000 nodes.')
  }

  /** Errors: UnreadableOsm for a file that breaks off. */
  end(rest: string): void {
    if (!this.#isOsm) throw new UnreadableOsm('It is no OpenStreetMap XML: it has no element <osm>.')
    if (!this.#hasEnded || rest.trim() !== '') throw new UnreadableOsm('It breaks off before </osm>: get it again.')
  }

  #tag(attributes: OsmTags): void {
    this.#open?.tags.set(attributes.get('k') ?? '', attributes.get('v') ?? '')
  }

  #close(name: string): void {
    if (name === 'osm') this.#hasEnded = true
    const open = this.#open
    if (open === null || open.name !== name) return
    this.#open = null
    const { attributes, nodeIds, tags } = open
    const id = name === 'relation' ? 0 : numberIn(attributes, 'id')
    if (name === 'node') this.#sink.node(id, numberIn(attributes, 'lon'), numberIn(attributes, 'lat'), tags)
    else if (name === 'way') this.#sink.way(id, nodeIds, tags)
  }
}

function attributesOf(text: string): OsmTags {
  const found = text.matchAll(/([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)
  return new Map([...found].map(([, name, double, single]) => [name!, withoutEntities(double ?? single!)]))
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const withoutEntities = (text: string): string =>
  text.replaceAll(/&(?:(\w+)|#(\d{1,7})|#x([\da-fA-F]{1,6}));/g, (whole, name, decimal, hex) => {
    if (name !== undefined) return ENTITIES[name as string] ?? whole
    const code = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })

function numberIn(attributes: OsmTags, name: string): number {
  const value = Number(attributes.get(name) ?? Number.NaN)
  if (!Number.isFinite(value)) throw new UnreadableOsm(`An element of it has no number \`${name}\`.`)
  return value
}
