/** What was found when a database was proven, as `verify` and `restore` tell it. */
import { type Verified, verifyRegion } from '../actors/verify-region.ts'
import type { RegionId } from '../domain/ids.ts'
import { MomentReader } from '../store/log/moment-reader.ts'

type UnlessInterrupted = <Part>(part: Promise<Part>) => Promise<Part>

/** Looks at one region, or at all, and tells each finding as a line of standard output. Errors: those of pg; Error for an unknown region. */
export async function tellVerified(
  url: string,
  only: RegionId | undefined,
  unlessInterrupted: UnlessInterrupted,
): Promise<void> {
  const reader = await MomentReader.open(url)
  try {
    const regions = await reader.regions()
    if (only !== undefined && !regions.includes(only)) throw new Error(`The database has no log of region ${only}.`)
    for (const region of only === undefined ? regions : [only])
      tell(region, await unlessInterrupted(verifyRegion(reader, region)))
  } finally {
    await reader.end()
  }
}

function tell(region: RegionId, verified: Verified): void {
  const { records, segments, archived, trips, stateHash, erased, findings, count } = verified
  for (const { rule, text } of findings) console.log([region, rule, text].join('\t'))
  const more = count > findings.length ? `, of which ${findings.length} are told` : ''
  const found = count === 0 ? 'nothing is wrong' : `${count} findings${more}`
  const anew = erased.calls === 0 ? '' : ` (${erased.records} written anew when ${erased.calls} calls were erased)`
  const inFiles = archived === 0 ? '' : ` (${archived} in files)`
  console.error(
    `Region ${region}: ${records} records${anew}, ${segments} segments of fixes${inFiles}, ${trips} trips: ${found}. State ${stateHash}.`,
  )
  if (count > 0) process.exitCode = 1
}
