/** Frames that every client can hold its codec against: those that PROTOCOL.md shows with their bytes. */

interface GoodFrame {
  readonly side: 'client' | 'server'
  readonly json: unknown
  /** The same message in MessagePack. */
  readonly hex: string
}

export function goodFrames(page: string): readonly GoodFrame[] {
  const blocks = page.matchAll(/```json (client|server)\n(.+)\n```\n\n```hex\n([0-9a-f \n]+)\n```/g)
  return [...blocks].map(([, side, json, hex]) => ({
    side: side as GoodFrame['side'],
    json: JSON.parse(json!),
    hex: hex!.replaceAll(/\s/g, ''),
  }))
}
