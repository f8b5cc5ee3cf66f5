/** The audit: searched by who, what, to what and when, a page at a time; and proven to be whole, from its first entry to its end. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { AuditRecord, AuditSearch } from '../../client/index.ts'
import type { Office } from './office.ts'
import { o } from './office-strings.ts'
import { momentTyped, momentWords } from './office-words.ts'

interface AuditPageProps {
  readonly office: Office
  readonly region: string | null
}

type Typed = Readonly<Record<'actor' | 'action' | 'subject' | 'outcome' | 'from' | 'to', string>>
const NOTHING: Typed = { actor: '', action: '', subject: '', outcome: '', from: '', to: '' }

export function AuditPage({ office, region }: AuditPageProps) {
  const { engine } = office
  const [typed, setTyped] = useState(NOTHING)
  const [isEverywhere, setEverywhere] = useState(office.isAdmin)
  const [found, setFound] = useState<readonly AuditRecord[] | null>(null)
  const [next, setNext] = useState<string | null>(null)
  const [searched, setSearched] = useState<AuditSearch>({})
  const [trouble, setTrouble] = useState('')
  const read = async (search: AuditSearch, after: string | null) => {
    try {
      const page = await engine.audit(after === null ? search : { ...search, after })
      setFound(now => (after === null || now === null ? page.items : [...now, ...page.items]))
      setNext(page.next)
      setTrouble('')
    } catch (error) {
      setTrouble((error as Error).message)
    }
  }
  const search = () => {
    const wanted = searchOf(typed, isEverywhere ? null : region)
    setSearched(wanted)
    void read(wanted, null)
  }
  // What is typed is searched for when it is asked.
  useEffect(search, [region, isEverywhere])
  return (
    <section class="office-list audit" aria-label={o.pages.audit}>
      <h2>{o.pages.audit}</h2>
      <AuditFields typed={typed} set={change => setTyped(now => ({ ...now, ...change }))} search={search}>
        {office.isAdmin && (
          <label class="check">
            <input
              type="checkbox"
              name="everywhere"
              checked={isEverywhere}
              onChange={event => setEverywhere(event.currentTarget.checked)}
            />
            {o.audit.everywhere}
          </label>
        )}
      </AuditFields>
      {trouble !== '' && (
        <p class="refusal" role="alert">
          {trouble}
        </p>
      )}
      {found?.length === 0 && <p>{o.audit.none}</p>}
      {found !== null && found.length > 0 && <AuditTable entries={found} />}
      <p class="row">
        {next !== null && (
          <button type="button" onClick={() => void read(searched, next)}>
            {o.audit.older}
          </button>
        )}
      </p>
      {office.isAdmin && <AuditProofOf office={office} />}
    </section>
  )
}

function searchOf({ actor, action, subject, outcome, from, to }: Typed, region: string | null): AuditSearch {
  const [fromMs, toMs] = [momentTyped(from), momentTyped(to)]
  return {
    ...(region === null ? {} : { region }),
    ...(actor.trim() === '' ? {} : { actor: actor.trim() }),
    ...(action.trim() === '' ? {} : { action: action.trim() }),
    ...(subject.trim() === '' ? {} : { subject: subject.trim() }),
    ...(outcome === '' ? {} : { outcome }),
    ...(fromMs === null ? {} : { fromMs }),
    ...(toMs === null ? {} : { toMs }),
  }
}

interface AuditFieldsProps {
  readonly typed: Typed
  readonly set: (change: Partial<Typed>) => void
  readonly search: () => void
  readonly children: ComponentChildren
}

function AuditFields({ typed, set, search, children }: AuditFieldsProps) {
  const shared = (name: keyof Typed) => ({
    name,
    autocomplete: 'off',
    value: typed[name],
    onInput: (event: { readonly currentTarget: HTMLInputElement }) => set({ [name]: event.currentTarget.value }),
  })
  const words = (name: keyof Typed, label: string, hint = '') => (
    <label>
      {label}
      <input {...shared(name)} type="text" placeholder={hint} />
    </label>
  )
  const moment = (name: keyof Typed, label: string) => (
    <label>
      {label}
      <input {...shared(name)} type="datetime-local" />
    </label>
  )
  return (
    <form
      class="row audit-search"
      onSubmit={event => {
        event.preventDefault()
        search()
      }}
    >
      {words('actor', o.audit.who)}
      {words('action', o.audit.what, o.audit.whatHint)}
      {words('subject', o.audit.whom)}
      <label>
        {o.audit.outcome}
        <select name="outcome" value={typed.outcome} onChange={event => set({ outcome: event.currentTarget.value })}>
          <option value="">{o.audit.any}</option>
          {Object.entries(o.audit.outcomes).map(([outcome, words]) => (
            <option key={outcome} value={outcome}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {moment('from', o.audit.from)}
      {moment('to', o.audit.to)}
      {children}
      <button type="submit" class="primary">
        {o.audit.search}
      </button>
    </form>
  )
}

const AuditTable = ({ entries }: { readonly entries: readonly AuditRecord[] }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
  <section class="scroll" tabIndex={0} aria-label={o.pages.audit}>
    <table>
      <thead>
        <tr>
          <th scope="col">#</th>
          <th scope="col">{o.audit.when}</th>
          <th scope="col">{o.audit.who}</th>
          <th scope="col">{o.audit.what}</th>
          <th scope="col">{o.audit.outcome}</th>
          <th scope="col">{o.audit.whom}</th>
          <th scope="col">{o.audit.where}</th>
          <th scope="col">{o.audit.address}</th>
          <th scope="col">{o.audit.details}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map(({ seq, atMs, actor, action, outcome, subject, region, address, details }) => (
          <tr key={seq} data-action={action}>
            <th scope="row" class="figures">
              {seq}
            </th>
            <td class="figures">{momentWords(atMs)}</td>
            <td>{actor}</td>
            <td>{action}</td>
            <td class={outcome === 'refused' ? 'late' : ''}>{o.audit.outcomes[outcome] ?? outcome}</td>
            <td>{subject ?? o.form.noValue}</td>
            <td>{region ?? o.form.noValue}</td>
            <td>{address ?? o.form.noValue}</td>
            <td>
              <code>{JSON.stringify(details)}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </section>
)

type ProofState = { readonly is: 'idle' | 'running' | 'whole' | 'broken'; readonly words: string }

function AuditProofOf({ office: { engine } }: Pick<AuditPageProps, 'office'>) {
  const [state, setState] = useState<ProofState>({ is: 'idle', words: '' })
  const isWanted = useRef(false)
  useEffect(
    () => () => {
      isWanted.current = false
    },
    [],
  )
  const prove = async () => {
    isWanted.current = true
    let end: string | null = null
    try {
      while (isWanted.current) {
        const proof: Awaited<ReturnType<typeof engine.proveAudit>> = await engine.proveAudit(end)
        if (proof.fault !== null) return setState({ is: 'broken', words: proof.fault.message })
        end = proof.end
        if (proof.isWhole) return setState({ is: 'whole', words: end ?? '' })
        setState({ is: 'running', words: o.audit.proving(end?.split(':')[0] ?? '') })
      }
      setState({ is: 'idle', words: '' })
    } catch (error) {
      setState({ is: 'idle', words: (error as Error).message })
    }
  }
  return (
    <div class="row" role="status">
      {state.is === 'running' ? (
        <button
          type="button"
          onClick={() => {
            isWanted.current = false
          }}
        >
          {o.audit.stop}
        </button>
      ) : (
        <button type="button" onClick={() => void prove()}>
          {o.audit.prove}
        </button>
      )}
      {state.is === 'whole' && (
        <p>
          {o.audit.whole} <code class="audit-end">{state.words}</code>
        </p>
      )}
      {state.is === 'broken' && (
        <p class="refusal">
          {o.audit.broken} {state.words}
        </p>
      )}
      {(state.is === 'running' || state.is === 'idle') && <p>{state.words}</p>}
    </div>
  )
}
