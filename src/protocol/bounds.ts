/**
 * Bounds of what clients may send. Those of strings count UTF-16 units, so that a check costs nothing, however long the
 * string is.
 */

/**
 * A name or a room name before normalisation. A name has at most 64 characters; decomposed (NFD), each has at most four
 * code points, hardly any of which takes two units.
 */
export const MAX_NAME_LENGTH = 256;
/** The claim `sub` of a join token. */
export const MAX_IDENTITY_LENGTH = 128;
export const MAX_PASSWORD_LENGTH = 256;
export const MAX_PARTICIPANT_ID_LENGTH = 64;
/** Those of a cluster say who somebody is, sealed. */
export const MAX_RESUME_TOKEN_LENGTH = 4096;
/** An encoded join token. */
export const MAX_TOKEN_LENGTH = 4096;
/** The mark after which a page of people begins. */
export const MAX_PAGE_MARK_LENGTH = 16;
/** The highest value of the setting `max-sdp-bytes`. */
export const MAX_SDP_LENGTH = 1_048_576;

/** The highest gain that a participant can set for another: twice the amplitude, 6 dB. */
export const MAX_GAIN = 2;

/** Maximum number of channels of a room, including the room itself. */
export const MAX_CHANNELS = 64;
/** Maximum number of teams that a room's settings name. */
export const MAX_TEAMS = 16;
/** Maximum number of people on each of a channel's lists. */
export const MAX_CHANNEL_MEMBERS = 1000;
/** Maximum number of people to whom someone can whisper at a time. */
export const MAX_WHISPERED = 16;
/** Maximum number of rooms to which one room is linked. */
export const MAX_LINKED_ROOMS = 8;

/** What the list of rooms says about a room. */
export const MAX_DESCRIPTION_LENGTH = 200;
/** The largest place of a room in the list. */
export const MAX_ROOM_ORDER = 100_000;

/** A line of the chat, before and after normalisation. */
export const MAX_CHAT_LENGTH = 2000;
/** The id of a line, and the mark up to which a client knows the chat. */
export const MAX_CHAT_ID_LENGTH = 48;
/** Maximum number of people mentioned in one line. */
export const MAX_MENTIONS = 20;
/** The name of a file in the chat, as sent. */
export const MAX_FILE_NAME_LENGTH = 255;
/** The highest value of the setting `chat-file-bytes`. */
export const MAX_CHAT_FILE_BYTES = 104_857_600;
/** The longest pause that slow mode can ask for between two lines of one person. */
export const MAX_SLOW_MODE_SECONDS = 3600;

/** The topic of a message between programs. */
export const MAX_TOPIC_LENGTH = 32;
/** The payload of such a message as JSON, or its bytes before base64. */
export const MAX_DATA_BYTES = 4096;
/** Maximum number of people to whom such a message can be addressed. */
export const MAX_DATA_RECEIVERS = 64;
