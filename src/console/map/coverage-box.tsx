/** What the layer of coverage says in words: which share is reached in time, by how many, how old that is and what it counts. */
import { TARGETS_MIN } from '../coverage-look.ts'
import { age } from '../format.ts'
import { useSeconds } from '../passing-time.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'

export function CoverageBox({ shift }: { readonly shift: Shift }) {
  const { coverage } = shift
  useTopic(coverage.changes)
  useSeconds()
  if (!coverage.isOn) return null
  return (
    <section class="coverage" aria-label={t.desk.coverage.title}>
      <label>
        {t.desk.coverage.target}
        <select
          name="coverage"
          value={coverage.targetMin}
          onChange={event => coverage.take(Number(event.currentTarget.value))}
        >
          {TARGETS_MIN.map(minutes => (
            <option key={minutes} value={minutes}>
              {t.desk.alarm.minutes(minutes)}
            </option>
          ))}
        </select>
      </label>
      <Share shift={shift} />
      {coverage.problem !== null && <p class="refusal">{coverage.problem}</p>}
    </section>
  )
}

function Share({ shift }: { readonly shift: Shift }) {
  const { share, reached, drawn, problem } = shift.coverage
  if (share === null) return problem === null ? <p class="quiet">{t.desk.coverage.asking}</p> : null
  const { view, atMs } = share
  const of = t.desk.coverage.demand[view.demand] ?? view.demand
  return (
    <>
      <p data-coverage={view.units}>
        <b class="figures">{t.desk.coverage.share(Math.round(view.share * 100), view.points, of)}</b>{' '}
        {t.desk.coverage.units(view.units)}, {t.desk.coverage.age(age(shift.nowMs() - atMs))}
      </p>
      <p class="quiet" data-drawn={reached.length}>
        {t.desk.coverage.drawn(reached.length, drawn)} {t.desk.coverage.basis}
      </p>
    </>
  )
}
