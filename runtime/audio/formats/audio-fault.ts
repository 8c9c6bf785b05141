/** Why a file cannot be read as audio, without the file's name: whoever opened it puts that in front. */
export class AudioFault extends Error {}

/** It is of no format that is known. */
export class NotAudio extends AudioFault {}
