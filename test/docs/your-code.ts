/** What the guide's blocks take for granted: the reader's own code, and what stands around a body. Types only. */
import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { Agent, AgentSession, Conversation, RunContext, SessionStore } from 'meanwhile';
import type { ConformanceHost } from 'meanwhile/testing';

export declare const llm: LanguageModelV4;
export declare const ctx: RunContext;
export declare const abortSignal: AbortSignal;
export declare const session: AgentSession;
export declare const agent: Agent;
export declare const conversation: Conversation;
export declare const host: ConformanceHost;
export declare const callId: string;

interface Flight {
  airline: string;
  priceEur: number;
}

interface Room {
  hotel: string;
  priceEur: number;
}

export declare function searchFlights(from: string, to: string, signal: AbortSignal): Promise<Flight[]>;
export declare function bookBest(flights: Flight[], signal: AbortSignal): Promise<string>;
export declare function searchRooms(city: string, signal: AbortSignal): Promise<Room[]>;
export declare function reserve(room: Room, signal: AbortSignal): Promise<string>;
export declare function recordVoice(signal: AbortSignal): Promise<string>;
export declare function compile(options: { signal: AbortSignal }): Promise<string[]>;
export declare function publish(files: string[]): Promise<string>;
export declare function diagnose(line: string, signal: AbortSignal): Promise<string>;
export declare function stockPrice(symbol: string, signal: AbortSignal): AsyncIterable<number>;

export declare const phoneLine: { send(samples: Int16Array): void; flush(): number; whenEmpty(): Promise<void> };
export declare const users: { find(cookie: string | undefined): Promise<{ name: string } | undefined> };
export declare const kitchen: {
  order(kind: string, size: string, options: { signal: AbortSignal }): Promise<{ minutes: number }>;
  sent(order: { minutes: number }, options: { signal: AbortSignal }): Promise<string>;
};
export declare const renderer: { total: number; frames(): AsyncIterable<number> };
export declare const bank: { transfer(to: string, amountEur: number): Promise<string> };
export declare const archive: { search(words: string, signal: AbortSignal): Promise<string[]> };
export declare const database: { connect(): Promise<void>; disconnect(): Promise<void> };
export declare const player: { play(text: string): void; played(): Promise<string>; stop(): string };
export declare function bookOnce(key: string, signal: AbortSignal): Promise<string>;
export declare function alertSomebody(error: unknown): void;
export declare function openMyStore(): SessionStore;
export declare function sendMail(to: string | undefined, text: string, options: { id: string }): Promise<void>;
