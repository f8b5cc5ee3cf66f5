/** What stands in Postgres at the end, read without the engine. */

import { decodeSegment } from '../src/store/location/segment-codec.ts'
import { openClient } from '../src/store/postgres/database.ts'
import { REGION } from './region.ts'

export async function readStored(databaseUrl: string): Promise<{ commandIds: Set<string>; fixes: number }> {
  const reader = await openClient(databaseUrl, { applicationName: 'goldenhour bench' })
  try {
    const commands = await reader.query<{ command_id: string }>(
      'SELECT command_id FROM log.commands WHERE region = $1',
      [REGION],
    )
    const segments = await reader.query<{ bytes: Buffer }>('SELECT bytes FROM location.segments WHERE region = $1', [
      REGION,
    ])
    return {
      commandIds: new Set(commands.rows.map(row => row.command_id)),
      fixes: segments.rows.reduce((sum, { bytes }) => sum + decodeSegment(bytes).length, 0),
    }
  } finally {
    await reader.end()
  }
}
