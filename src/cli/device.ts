/** `goldenhour device`: programs and trackers with keys of their own; a running engine heeds a change within a second. */

import { type Command, InvalidArgumentError, Option } from 'commander'
import { Devices, NAME_CHARS, NEW_DEVICE } from '../access/devices.ts'
import { DEVICE_ROLES, type Device, type DeviceRole, DeviceStore } from '../access/tables/device-table.ts'
import { RevocationStore } from '../access/tables/revocation-table.ts'
import { keptUnits } from '../access/units.ts'
import { REGION_ID, UNIT_ID } from '../domain/ids.ts'
import { labelMust } from '../protocol/text.ts'
import type { Database } from '../store/postgres/database.ts'
import { auditedByCommandLine } from './audited.ts'
import { orThrow } from './refused.ts'
import { warnOfUnknownUnits } from './unknown-units.ts'
import { withDatabase } from './with-database.ts'

interface AddOptions {
  readonly role: DeviceRole
  readonly region: string
  readonly unit?: readonly string[]
  readonly allUnits?: boolean
}

export function defineDevice(device: Command): void {
  device
    .command('add')
    .description('add a device, and print its key, which cannot be read again')
    .argument('<name>', 'what people call it', parseName)
    .addOption(new Option('--role <role>', 'feed, or driver for one unit').choices(DEVICE_ROLES).makeOptionMandatory())
    .requiredOption('--region <region>', 'the region that it acts in', parseRegion)
    .option('--unit <unit>', 'the unit of a driver; for a feed a unit that it may attach, more by repetition', units)
    .option('--all-units', 'let a feed attach any unit of the region')
    .action(async (name: string, { role, region, unit = [], allUnits }: AddOptions, command: Command) => {
      if (role === 'driver' && unit.length !== 1) command.error('error: a driver needs exactly one --unit')
      if (role === 'feed' && (unit.length === 0) !== (allUnits === true)) {
        command.error('error: a feed needs either --unit, once for each unit, or --all-units')
      }
      if (role === 'driver' && allUnits === true)
        command.error('error: --all-units is for the role feed, not for driver')
      const reach = role === 'driver' ? { unit: unit[0] } : { units: allUnits === true ? 'all' : unit }
      const sent = NEW_DEVICE.parse({ name, role, region, ...reach })
      const wanted = { ...sent, units: orThrow(keptUnits('feed', role === 'feed', sent.units)) }
      const added = await withDatabase(async database => {
        const devices = devicesOf(database)
        const audit = auditedByCommandLine(database)
        const done = await database.transaction().execute(async on => orThrow(await devices.add(on, wanted, audit)))
        if (role === 'feed') await warnOfUnknownUnits(database, [region], unit)
        return done
      })
      console.log(`Added the device ${added.device.id} (${name}).`)
      console.log(`Key: ${added.key}`)
    })

  device
    .command('list')
    .description('list the devices: id, name, role, region, units, whether enabled, last use, separated by tabs')
    .action(async () => {
      await withDatabase(async database => {
        let after: string | null = null
        do {
          const devices: Device[] = await new DeviceStore(database).list({ limit: DEVICES_AT_ONCE, after })
          for (const each of devices) console.log(lineOf(each))
          after = devices.length === DEVICES_AT_ONCE ? devices.at(-1)!.id : null
        } while (after !== null)
      })
    })

  for (const [command, description, disabled, done] of [
    ['disable', 'take no key of the device any more, and end its sessions', true, 'Disabled'],
    ['enable', 'take the key of the device again', false, 'Enabled'],
  ] as const) {
    device
      .command(command)
      .description(description)
      .argument('<id>', 'the id of the device, as "device list" shows it')
      .action(async (id: string) => {
        await withDatabase(database => change(database, id, disabled))
        console.log(`${done} the device ${id}.`)
      })
  }
}

const DEVICES_AT_ONCE = 500

function change(database: Database, id: string, disabled: boolean): Promise<void> {
  return database.transaction().execute(async transaction => {
    const current = await new DeviceStore(transaction).hold(id)
    if (current === undefined)
      throw new Error(`Device ${id} does not exist; list the devices with goldenhour device list.`)
    const audit = auditedByCommandLine(database)
    orThrow(await devicesOf(database).change(transaction, current, { disabled }, audit))
  })
}

const devicesOf = (database: Database): Devices =>
  new Devices({ revocations: new RevocationStore(database), wallClock: Date.now })

function lineOf({ id, name, role, region, unit, units, disabled, lastUsedAtMs }: Device): string {
  const reach = unit ?? units?.join(',') ?? 'all'
  const used = lastUsedAtMs === null ? '-' : new Date(lastUsedAtMs).toISOString()
  return [id, name, role, region, reach, disabled ? 'disabled' : 'enabled', used].join('\t')
}

function parseName(value: string): string {
  if (NEW_DEVICE.shape.name.safeParse(value).success) return value
  throw new InvalidArgumentError(`A name ${labelMust(NAME_CHARS)}.`)
}

function parseRegion(value: string): string {
  if (REGION_ID.test(value)) return value
  throw new InvalidArgumentError('A region is 1 to 16 characters of a-z 0-9.')
}

function units(value: string, previous: readonly string[] = []): readonly string[] {
  if (!UNIT_ID.test(value)) throw new InvalidArgumentError('A unit is 1 to 32 characters of A-Z a-z 0-9 . _ -')
  return previous.includes(value) ? previous : [...previous, value]
}
