/** RingRing's ResultCodes, as far as the side-car gives them. */
export const RESULT = {
  success: [0, 'Success'],
  internal: [1, 'Internal'],
  scheduledMalformed: [3, 'TimeScheduled invalid'],
  referenceTooLong: [4, 'Reference too long'],
  fromInvalid: [5, 'Number From invalid'],
  messageEmpty: [7, 'Message empty'],
  messageTooLong: [8, 'Message too long'],
  toMissing: [9, 'Number To invalid'],
  toInvalid: [10, 'Number To invalid'],
  apiKeyUnknown: [12, 'ApiKey invalid'],
  bodyMalformed: [13, 'XML or JSON invalid'],
  apiKeyMissing: [14, 'ApiKey invalid'],
  statusUrlInvalid: [17, 'StatusUrl invalid'],
  statusMethodInvalid: [18, 'StatusMethod invalid'],
  validityMalformed: [19, 'TimeValidity invalid'],
  toTooMany: [20, 'Number To limit reached'],
  validityOutOfRange: [22, 'TimeValidity invalid'],
  scheduledOutOfRange: [23, 'TimeScheduled invalid'],
  maxRecordsMalformed: [24, 'MaxRecords invalid'],
  maxRecordsOutOfRange: [25, 'MaxRecords invalid'],
  messageIdInvalid: [26, 'MessageId invalid'],
  alreadyCancelled: [27, 'Message already cancelled'],
  messageIdUnknown: [29, 'MessageId not found'],
  cancelTooLate: [29, 'MessageId not found among messages that can still be cancelled'],
  senderIdInvalid: [31, 'SenderId invalid'],
  statusFormatInvalid: [33, 'StatusFormat invalid'],
  tryLater: [34, 'Maintenance, please retry later'],
} as const satisfies Record<string, readonly [number, string]>;

export type Result = (typeof RESULT)[keyof typeof RESULT];

/** As every answer ends. */
export function resultFields([ResultCode, ResultDescription]: Result): {
  ResultCode: number;
  ResultDescription: string;
} {
  return { ResultCode, ResultDescription };
}

/** The caller's mistake: status 400 with this result. */
export class Refusal extends Error {
  readonly result: Result;

  constructor(result: Result) {
    super(result[1]);
    this.result = result;
  }
}
