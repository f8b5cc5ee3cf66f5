/** Somebody, or something, sets the clock of a device wrong, and after a while right again. */
import type { Dice } from '../../fuzz/dice.ts'
import type { Device } from '../core/device.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './chance.ts'
import type { Town } from './town.ts'

export function loseClock(town: Town, dice: Dice, device: Device): void {
  const aheadMs = (dice.oneIn(2) ? 1 : -1) * dice.within([5 * SECOND_MS, dice.oneIn(3) ? 12 * HOUR_MS : 30 * MINUTE_MS])
  town.chronicle.tell(device.name, `has its clock ${Math.round(aheadMs / SECOND_MS)} s ahead`)
  device.setClock(aheadMs)
  town.loop.after(dice.within([MINUTE_MS, 60 * MINUTE_MS]), () => {
    if (town.isCalm) return
    town.chronicle.tell(device.name, 'has the right time again')
    device.setClock(0)
  })
}
