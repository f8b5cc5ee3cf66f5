/** How a running engine comes to go by roads. */
import { setTimeout as sleep } from 'node:timers/promises'
import { within } from '../../support/within.ts'
import { PLACE, type Speaker } from './stage.ts'

/** Until the desk's region goes by a version of its roads; undefined: by the straight line. */
export const roadsTaken = (desk: Speaker, version: number | undefined) =>
  within(
    `the roads are those of version ${version}`,
    (async () => {
      for (;;) {
        const { result } = await desk.ask('nearest', PLACE.lonE7, PLACE.latE7, 1, null)
        if (result.roadsVersion === version) return
        await sleep(50)
      }
    })(),
  )
