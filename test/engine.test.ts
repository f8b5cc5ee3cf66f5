/** What holds while the engine starts, and between it and its reference data. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Site, until } from './support/engine.ts'
import { within } from './support/within.ts'

const AKL = { akl: { mode: 'ordered', units: ['A1'] } } as const

test('units that a region was told and then lost with its memory are told again', async t => {
  const site = await Site.make(t, AKL)
  await site.start()
  // The store refuses the record of the new unit, so the region is dropped and rebuilt without it. A sequence counts
  // what a transaction that was rolled back cannot.
  await site.query('CREATE SEQUENCE public.refusals')
  await site.query(`CREATE FUNCTION public.refuse_a9() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.events::text LIKE '%"A9"%' THEN
      PERFORM nextval('public.refusals');
      RAISE EXCEPTION 'refused' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW; END $$`)
  await site.query(
    'CREATE TRIGGER refuse BEFORE INSERT ON log.records FOR EACH ROW EXECUTE FUNCTION public.refuse_a9()',
  )
  await site.importUnits('akl', ['A9'])
  await until('the record was refused', async () => {
    const [row] = await site.query<{ is_called: boolean }>('SELECT is_called FROM public.refusals')
    return row!.is_called
  })
  await site.query('DROP TRIGGER refuse ON log.records')
  await until('the unit is registered', async () =>
    (await site.records()).some(({ events }) =>
      events.some(event => event.type === 'UnitRegistered' && event.unitId === 'A9'),
    ),
  )
  await within('its crew signs on', site.driver('A9').signOn())
})

test('a signal that comes while the engine starts lets the start end, then drains and leaves nothing behind', async t => {
  const site = await Site.make(t, AKL)
  await site.query(
    `INSERT INTO log.region_lease VALUES ('akl', 'dead', 'run of dead', clock_timestamp() + interval '2500 ms')`,
  )
  const engine = site.launch()
  // On a slow machine the lease may have lapsed before anybody asked for it.
  await engine.logged(/waiting for it to lapse|^ready$/)
  engine.signal('SIGTERM')
  assert.deepEqual(await engine.exited, { code: 0, signal: null })
  assert.ok(engine.logs.some(({ msg }) => msg === 'stopped'))
  assert.deepEqual(await site.query('SELECT * FROM log.region_lease'), [])
})
