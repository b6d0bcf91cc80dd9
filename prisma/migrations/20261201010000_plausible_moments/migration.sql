-- No response can show a moment beyond the year 9999, nor a time zone of one before the year 1.
ALTER TABLE "Conversation" ADD CONSTRAINT "Conversation_moments_check" CHECK (
    "lastTurnAt" BETWEEN '2000-01-01Z' AND '2100-01-01Z'
);
ALTER TABLE "ConversationTurn" ADD CONSTRAINT "ConversationTurn_moments_check" CHECK (
    "createdAt" BETWEEN '2000-01-01Z' AND '2100-01-01Z' AND "statusAt" BETWEEN '2000-01-01Z' AND '2100-01-01Z'
);
