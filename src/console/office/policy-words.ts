/** What each number of a policy means, in the order and groups in which people think of them. */
import type { Policy } from '../../client/index.ts'

type PolicyName = keyof Policy

export interface PolicyGroup {
  readonly title: string
  readonly numbers: readonly (readonly [name: PolicyName, label: string, meaning: string])[]
}

export const POLICY_GROUPS_EN: readonly PolicyGroup[] = [
  {
    title: 'Orders and offers',
    numbers: [
      ['mode', 'How crews get trips', 'Whether a crew is bound by an order, or may decline an offer.'],
      ['offerTimeoutMs', 'Time to answer an offer', 'Mode offered: then the next crew is asked.'],
      ['orderWarnMs', 'Alarm for an order', 'Mode ordered: nobody has acknowledged it for so long.'],
      ['orderTimeoutMs', 'Time to answer an order', 'Mode ordered: then it goes to another unit.'],
      ['voiceTimeoutMs', 'Time to tell by voice', 'So long a dispatcher has to call a crew and confirm.'],
      ['standDownWarnMs', 'Alarm for a stand-down', 'A crew has not said that it knows that its trip was taken.'],
      ['noMovementMs', 'Alarm for no movement', 'After the crew was told: the unit has not moved.'],
      [
        'withdrawPauseMs',
        'Pause after a withdrawal',
        'For so long the desk leaves a withdrawn unit to the dispatcher.',
      ],
    ],
  },
  {
    title: 'By the wheels',
    numbers: [
      ['arrivals', 'Arrivals by position', 'What becomes of an arrival or a departure that positions show.'],
      ['sceneFenceM', 'Radius of the scene', 'A unit that stands within it has arrived.'],
      ['destinationFenceM', 'Radius of the destination', 'The same, with a patient on board.'],
      ['arrivalDwellMs', 'Stands for', 'So long it must have stood there.'],
      ['standingMs', 'Alarm for standing', 'A unit on its way has stood for so long.'],
      ['turnedAwayM', 'Alarm for turning away', 'It is so much further from the scene than it has been.'],
      ['pastEtaMs', 'Alarm for being late', 'It is so much later than it was to be.'],
    ],
  },
  {
    title: 'The queue',
    numbers: [
      ['ageingStepMs', 'Ageing step', 'Priorities 3 to 5: who waits so much longer goes one step first.'],
      ['ageingStepsMax', 'Ageing steps at most', 'A wait counts for no more than so many steps.'],
      ['waitAlarmMs', 'Alarm for a wait', 'Since the call was received, or triaged anew.'],
      ['roundPauseMs', 'Pause between rounds', 'Before the same units are asked again.'],
      ['roundsMax', 'Rounds at most', 'Then a person gives the trip.'],
      ['whenNoneFree', 'When nobody fit is free', 'What is done meanwhile.'],
      [
        'helpSavesMs',
        'Help saves at least',
        'The nearest trained crew goes beside the right unit if it is there so much earlier.',
      ],
    ],
  },
  {
    title: 'Which unit',
    numbers: [
      ['higherLevelSavesMs', 'A higher level saves more than', 'A better equipped unit than needed goes only then.'],
      ['levelReserve', 'Units kept free', 'So many of a level stay free when one of them goes where less is needed.'],
      ['preferredWithinMs', 'Preferred capabilities cost at most', 'So much later such a unit may be there.'],
      ['sirenPercent', 'Siren', 'So much of what a siren saves is driven.'],
      ['sirenTimePercent', 'Time with a siren', 'Of the ordinary time, where the roads do not say it themselves.'],
      ['turnoutMs', 'Turnout', 'From being told until the wheels roll.'],
      ['unsurePercent', 'Old positions', 'So much of what a unit may take longer by the age of its position counts.'],
      ['straightLineSpeedMps', 'Speed on the straight line', 'Where there are no roads.'],
      ['candidatesRecorded', 'Candidates on record', 'How many units each decision keeps beside the chosen one.'],
    ],
  },
  {
    title: 'Positions and connections',
    numbers: [
      ['cadenceMs', 'Reports every', 'How often a unit is asked for its position.'],
      ['staleAfterMs', 'Old after', 'From then on a position is shown and ranked as old.'],
      ['lostAfterMs', 'Lost after', 'From then on nobody is sent from there.'],
      ['fixSpeedMaxMps', 'Fastest unit', 'A position that only a faster one reached places nobody, until three agree.'],
      ['fixAccuracyMaxM', 'Least accuracy', 'A position that is less accurate places nobody, until three agree.'],
      ['disconnectGraceMs', 'Grace without a connection', 'Then a crew’s offers move on.'],
      ['readyGraceMs', 'Grace after a start', 'Passed deadlines count from here.'],
    ],
  },
  {
    title: 'Alarms',
    numbers: [
      ['alarmEscalateMs', 'Goes up after', 'An alarm that nobody takes on goes to a supervisor.'],
      ['alarmShelveMaxMs', 'Put aside at most', 'For so long an alarm may be put aside.'],
      ['massSilencePercent', 'Mass silence: share', 'So much of the fleet'],
      ['massSilenceWithinMs', 'Mass silence: within', 'that falls silent within this time'],
      ['massSilenceUnits', 'Mass silence: units', 'is one alarm, if it is no fewer units than these.'],
    ],
  },
]
