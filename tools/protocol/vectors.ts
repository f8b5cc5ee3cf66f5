/** Frames that every client can hold its codec against: those that the protocol's walk-throughs show with their bytes. */

interface GoodFrame {
  readonly side: 'client' | 'server'
  readonly json: unknown
  /** The same message in MessagePack. */
  readonly hex: string
}

export function goodFrames(pages: string): readonly GoodFrame[] {
  const blocks = pages.matchAll(/```json (client|server)\n(.+)\n```\n\n```hex\n([0-9a-f \n]+)\n```/g)
  return [...blocks].map(([, side, json, hex]) => ({
    side: side as GoodFrame['side'],
    json: JSON.parse(json!),
    hex: hex!.replaceAll(/\s/g, ''),
  }))
}
