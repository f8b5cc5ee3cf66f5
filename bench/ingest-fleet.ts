/** The fleet of the ingest bench as it stands when the engine starts, for fleets too large for crews who sign on one by one. */
import { withReference } from '../tools/shared/reference.ts'
import { followed, settle } from './databases.ts'
import { EngineChild } from './engine-child.ts'
import { unitReference, writeHistory } from './history.ts'
import { REGION } from './region.ts'

/** The longest that a policy may have: a unit whose position a feed reports stays one that can be sent for the whole run. */
const DISCONNECT_GRACE_MS = 3_600_000

/** Of an engine that knows no unit: what it takes in use is no driver's. Input: a database with a region that is empty. */
export async function liveBytesOfNobody(
  databaseUrl: string,
  settings: Readonly<Record<string, string>>,
): Promise<number> {
  const engine = await EngineChild.start(databaseUrl, { settings })
  const bytes = await engine.inspector.liveBytes()
  await engine.kill()
  return bytes
}

/** Every crew has signed on by its app, which is away now. Resolves when an engine can start from snapshots of it. */
export async function writeFleet(databaseUrl: string, drivers: number): Promise<void> {
  await withReference(databaseUrl, async reference => {
    const { policy } = await reference.policy(REGION)
    await reference.setPolicy(REGION, { ...policy, disconnectGraceMs: DISCONNECT_GRACE_MS }, null)
    await reference.importUnits(
      REGION,
      Array.from({ length: drivers }, (_, index) => unitReference(index)),
    )
  })
  await writeHistory(databaseUrl, { units: drivers, openTrips: 0, fixesPerUnit: 0, withSnapshots: true })
  await followed(databaseUrl, REGION)
  await settle(databaseUrl)
}
