//! Tests of the workers, against real terminals and sockets, without a keeper.
