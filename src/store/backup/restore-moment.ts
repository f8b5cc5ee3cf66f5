/** The moment that a database is brought back to: which set of a backup has it, and where each log ends then. */
import type pg from 'pg'
import type { RegionId } from '../../domain/ids.ts'
import { type BackupManifest, BackupRefused, type BackupSet, readSet, setNames } from './backup-set.ts'

/** A moment of region time, epoch milliseconds; or a position of a region's log, where null stands for the only region. */
export type Until = { readonly atMs: number } | { readonly region: RegionId | null; readonly position: number }

/** The set that a restore starts from. Input: `name`, null for the one that fits. Errors: BackupRefused. */
export async function setFor(dir: string, name: string | null, until: Until | null): Promise<BackupSet> {
  const names = await setNames(dir)
  if (names.length === 0) {
    throw new BackupRefused('no-backup', `There is no backup in ${dir}; its sets are directories such as ${dir}/0001.`)
  }
  if (name !== null) {
    if (names.includes(name)) return readSet(dir, name)
    throw new BackupRefused('no-backup', `There is no set ${name} in ${dir}; there are ${names.join(', ')}.`)
  }
  if (until === null) return readSet(dir, names.at(-1)!)
  // The first that has the moment: what is not in the logs is nearest to what it was then.
  let last: BackupSet | null = null
  for (const each of names) {
    last = await readSet(dir, each)
    if (hasMoment(last.manifest, until)) return last
  }
  throw new BackupRefused('moment-not-in-backup', `The backup ends before that: ${endOf(last!.manifest)}.`)
}

const endOf = ({ set, regionTimeMs, regions }: BackupManifest): string =>
  [
    `its last set, ${set}, is of ${new Date(regionTimeMs).toISOString()}`,
    ...regions.map(({ region, position }) => `region ${region} is at position ${position} there`),
  ].join(', ')

function hasMoment(manifest: BackupManifest, until: Until): boolean {
  if ('atMs' in until) return manifest.regionTimeMs >= until.atMs
  return (regionOf(manifest, until.region)?.position ?? 0) >= until.position
}

function regionOf({ regions }: BackupManifest, region: RegionId | null) {
  if (region !== null) return regions.find(each => each.region === region)
  if (regions.length > 1) {
    const named = regions.map(each => each.region).join(', ')
    throw new BackupRefused(
      'moment-not-in-backup',
      `A position is one of a region's log, and the backup has several: ${named}. Write it as ${regions[0]!.region}:POSITION.`,
    )
  }
  return regions[0]
}

/**
 * The last position of each region's log that belongs to the moment, by what is loaded. Of a position, other regions go as far as
 * the time at which it was recorded. Errors: BackupRefused; those of pg.
 */
export async function positionsAt(
  session: pg.Client,
  manifest: BackupManifest,
  until: Until,
): Promise<ReadonlyMap<RegionId, number>> {
  const given = 'atMs' in until ? null : { region: regionOf(manifest, until.region)!.region, position: until.position }
  const atMs = 'atMs' in until ? until.atMs : await recordedAt(session, given!)
  const positions = new Map<RegionId, number>()
  for (const { region } of manifest.regions) {
    const { rows } = await session.query<{ position: number }>(
      'SELECT position FROM log.records WHERE region = $1 AND recorded_at_ms <= $2 ORDER BY position DESC LIMIT 1',
      [region, atMs],
    )
    positions.set(region, region === given?.region ? given.position : (rows[0]?.position ?? 0))
  }
  return positions
}

async function recordedAt(session: pg.Client, { region, position }: { region: RegionId; position: number }) {
  const { rows } = await session.query<{ at: number }>(
    'SELECT recorded_at_ms AS at FROM log.records WHERE region = $1 AND position = $2',
    [region, position],
  )
  if (rows[0] !== undefined) return rows[0].at
  throw new BackupRefused('moment-not-in-backup', `The backup has no position ${position} of region ${region}.`)
}
