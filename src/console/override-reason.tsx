/** Why a dispatcher chooses a unit other than the desk would: one of the protocol's own words. */
import { OVERRIDE_REASONS, type OverrideReason } from '../client/index.ts'
import { word } from './spoken-words.ts'

interface OverrideReasonProps {
  readonly label: string
  readonly reason: OverrideReason
  readonly setReason: (reason: OverrideReason) => void
}

export const OverrideReasonField = ({ label, reason, setReason }: OverrideReasonProps) => (
  <label>
    {label}
    <select name="reason" value={reason} onChange={event => setReason(event.currentTarget.value as OverrideReason)}>
      {OVERRIDE_REASONS.map(each => (
        <option key={each} value={each}>
          {word('reason', each)}
        </option>
      ))}
    </select>
  </label>
)
