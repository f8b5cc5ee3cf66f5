/** Every version of a policy: when, by whom, why, and what it changed. */
import { useEffect, useState } from 'preact/hooks'
import type { PolicyVersion } from '../../client/index.ts'
import type { Office } from './office.ts'
import { o } from './office-strings.ts'
import { momentWords } from './office-words.ts'
import { numbersOf, pathsChanged, spokenNumber } from './policy-numbers.ts'

interface PolicyHistoryProps {
  readonly office: Office
  readonly region: string
  readonly standing: PolicyVersion
  /** Null: to be looked at alone. */
  readonly take: ((version: PolicyVersion) => void) | null
}

export function PolicyHistory({ office: { engine }, region, standing, take }: PolicyHistoryProps) {
  const [versions, setVersions] = useState<readonly PolicyVersion[]>([])
  const [next, setNext] = useState<string | null>(null)
  const [trouble, setTrouble] = useState('')
  const read = (after: string | null) =>
    engine.policyVersions(region, after).then(
      page => {
        setVersions(now => (after === null ? page.items : [...now, ...page.items]))
        setNext(page.next)
      },
      error => setTrouble((error as Error).message),
    )
  // Read again when another version stands.
  useEffect(() => void read(null), [standing.version])
  return (
    <section class="policy-history" aria-label={o.policy.history}>
      <h2>{o.policy.history}</h2>
      {trouble !== '' && <p class="refusal">{trouble}</p>}
      <table>
        <thead>
          <tr>
            <th scope="col">{o.policy.version(0).replace(/\s*0$/, '')}</th>
            <th scope="col">{o.policy.when}</th>
            <th scope="col">{o.policy.who}</th>
            <th scope="col">{o.policy.note}</th>
            <th scope="col">{o.policy.changed}</th>
            {take !== null && <td />}
          </tr>
        </thead>
        <tbody>
          {versions.map((version, index) => (
            <tr key={version.version} data-version={version.version}>
              <th scope="row">{version.version}</th>
              <td class="figures">{momentWords(version.changedAtMs)}</td>
              <td>{version.changedBy}</td>
              <td>{version.note ?? o.form.noValue}</td>
              <td>{changedIn(version, versions[index + 1])}</td>
              {take !== null && (
                <td class="end">
                  {version.version !== standing.version && (
                    <button type="button" onClick={() => take(version)}>
                      {o.policy.takeBack(version.version)}
                    </button>
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {next !== null && (
        <button type="button" onClick={() => void read(next)}>
          {o.policy.older}
        </button>
      )}
    </section>
  )
}

/** Of the last one of a page nobody here knows what stood before it. */
function changedIn({ policy, version }: PolicyVersion, before: PolicyVersion | undefined): string {
  if (version === 1) return o.policy.first
  if (before === undefined) return o.form.noValue
  const [now, former] = [numbersOf(policy), numbersOf(before.policy)]
  return pathsChanged(before.policy, policy)
    .map(path => `${path}: ${spokenNumber(path, former.get(path)!)} → ${spokenNumber(path, now.get(path)!)}`)
    .join(', ')
}
