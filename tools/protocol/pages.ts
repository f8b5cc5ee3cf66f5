/** Reads the pages of the protocol that are for people: `PROTOCOL.md`, and the pages of `docs/protocol` that it lists. */
import { readFileSync } from 'node:fs'

const CHECKOUT = new URL('../../', import.meta.url)

/** In the order in which they are read; PROTOCOL.md, their index, is the first. */
export const PROTOCOL_PAGES: readonly string[] = [
  'PROTOCOL.md',
  ...[
    ...[
      'core',
      'words',
      'signing-in',
      'limits',
      'dispatcher',
      'notes',
      'by-road',
      'events',
      'states',
      'feeds',
      'positions',
      'trackers',
      'wheels',
      'http',
      'administration',
    ],
    ...['drivers-day', 'dispatchers-day', 'feeds-day', 'misuse', 'bytes'],
  ].map(name => `docs/protocol/${name}.md`),
]

/** Output: the text of every page, one behind the other. */
export function protocolText(): string {
  return PROTOCOL_PAGES.map(page => readFileSync(new URL(page, CHECKOUT), 'utf8')).join('\n')
}
